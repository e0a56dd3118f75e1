/**
 * @file An engine that speaks the real protocol and does what the picture's name says, so that death comes when a test
 * wants it: `die` ends it every time, `die once <file>` while that file is missing, `hang <file>` waits until it is there,
 * `babble` writes what is no frame, `fail` answers an error. Of a trial, the weights' name is a JSON object that tells what
 * each provider does: milliseconds, `slow`, `absent`, `wrong`, `failed`, `die`, or `hang <file>` and 20 ms. Of precisions, it is the answer.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

let input = Buffer.alloc(0)
let last = Promise.resolve()

process.stdin.on('data', (chunk) => {
  input = Buffer.concat([input, chunk])
  while (input.length >= 4 && input.length >= 4 + input.readUInt32LE(0)) {
    const end = 4 + input.readUInt32LE(0)
    const body = input.subarray(4, end)
    input = input.subarray(end)
    const message = JSON.parse(body.subarray(4, 4 + body.readUInt32LE(0)).toString())
    last = last.then(() => work(message))
  }
})
process.stdin.once('end', () => process.exit(0))

function work(message) {
  if (message.kind === 'trial') return tryProvider(message)
  if (message.kind === 'precision')
    return send({ id: message.id, answer: JSON.parse(message.request.network.weights) })
  return predict(message)
}

async function tryProvider({ id, request: { network, provider } }) {
  let outcome = JSON.parse(network.weights)[provider]
  if (outcome === 'die') process.exit(9)
  if (String(outcome).startsWith('hang ')) {
    while (!existsSync(outcome.slice('hang '.length))) await sleep(5)
    outcome = 20
  }
  if (typeof outcome === 'number')
    return send({ id, answer: { operators: 3, worst: 1e-6, ms: outcome, untrainable: null, slower: null } })
  if (outcome === 'slow') return send({ id, answer: { slower: 40 } })
  const details = { absent: { absent: true }, wrong: { worst: 0.5 }, failed: {} }[outcome]
  send({ id, error: { code: 'provider/unusable', message: `${provider} is ${outcome}`, details } })
}

async function predict({ id, request: { picture } }) {
  const [, order, file] = /^(die once|die|hang|babble|fail)\b ?(.*)$/.exec(picture) ?? []
  if (order === 'die') process.exit(7)
  if (order === 'die once' && !existsSync(file)) {
    writeFileSync(file, '')
    process.kill(process.pid, 'SIGKILL')
    await sleep(60_000)
  }
  if (order === 'hang') while (!existsSync(file)) await sleep(5)
  if (order === 'babble') return void process.stdout.write('Warning: something is odd\n')
  const error = { code: 'image/unreadable', message: `${picture} is broken`, details: { file: picture } }
  send(order === 'fail' ? { id, error } : { id, answer: { picture, pid: process.pid } })
}

function send(message) {
  const json = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(8)
  head.writeUInt32LE(json.length + 4, 0)
  head.writeUInt32LE(json.length, 4)
  process.stdout.write(Buffer.concat([head, json]))
}
