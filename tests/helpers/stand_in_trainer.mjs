/**
 * @file An engine that only pretends to train, so that tests of everything around it are quick and deaths come when they
 * want: the seed says what it does. All other jobs go to the real engine.
 *
 * 0 trains: `epochs` passes, losses 1 / (epoch + 1), F1 rising by a hundredth a pass from 0.5. 1 waits after pass 2 for to be
 * asked. 2 is as 1 but deaf. 3 kills itself after pass 2, once. 4 kills itself before the first pass, always. 5 fails. 6 gets
 * worse with every pass. 7 fails after pass 2, once. 8 has memory for half the side and one face at a time. 9 kills itself after
 * pass 2 wherever it is not on the processor. 10 waits as 1, and scores nothing but the base. A time limit ends any of them.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

const here = dirname(fileURLToPath(import.meta.url))
const beside = join(here, 'real_engine.js')
const REAL = existsSync(beside) ? beside : resolve(here, '../../out/main/engine.js')
const [PLAIN, WAITS, DEAF, DIES_ONCE, DIES, FAILS, WORSENS, FAILS_ONCE, CRAMPED, DIES_ON_GPU, UNSCORED] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
]
/** The tensor that it changes. */
const NAME = 'face_decoder.background_token.weight'
const SHAPE = [1, 256]

process.on('SIGINT', () => undefined)
let real = null
let input = Buffer.alloc(0)
let last = Promise.resolve()
const controls = new Map()

process.stdin.on('data', (chunk) => {
  input = Buffer.concat([input, chunk])
  while (input.length >= 4 && input.length >= 4 + input.readUInt32LE(0)) {
    const end = 4 + input.readUInt32LE(0)
    const frame = input.subarray(0, end)
    input = input.subarray(end)
    const message = JSON.parse(frame.subarray(8, 8 + frame.readUInt32LE(4)).toString())
    if (message.control) controls.set(message.id, message.control)
    else if (message.kind === 'train') last = last.then(() => answer(message))
    else forward(frame)
  }
})
process.stdin.once('end', () => process.exit(0))

function forward(frame) {
  if (!real) {
    real = spawn(process.execPath, [REAL, ...process.argv.slice(2)], { stdio: ['pipe', 'pipe', 'inherit'] })
    real.stdout.pipe(process.stdout, { end: false })
  }
  real.stdin.write(Buffer.from(frame))
}

async function answer({ id, request: { folder } }) {
  try {
    send({ id, answer: await train(id, folder) })
  } catch (error) {
    send({ id, error: { code: 'engine/failed', message: error.message, details: {} } })
  }
}

async function train(id, folder) {
  const { settings, samples, previews, provider } = JSON.parse(
    readFileSync(join(folder, 'plan.json'), 'utf8'),
  )
  const { seed, epochs } = settings
  const side = settings.input_resolution / (seed === CRAMPED ? 2 : 1)
  const size = seed === CRAMPED ? { step_size: JSON.stringify({ batch: 1, resolution: side }) } : {}
  if (seed === FAILS) throw new Error('The loss is not a number.')
  const checkpoint = join(folder, 'checkpoint.safetensors')
  const begun = existsSync(checkpoint) ? JSON.parse(readFileSync(checkpoint, 'utf8')).epoch : -1
  const died = join(folder, 'died')
  if (seed === DIES) process.kill(process.pid, 'SIGKILL')
  const perEpoch = Math.ceil(samples.filter(({ use }) => use === 'train').length / settings.train_bs)
  const rows = []
  let best = null
  for (let epoch = 0; epoch <= epochs; epoch++) {
    const step = epoch * perEpoch
    const loss = epoch === 0 ? null : 1 / (epoch + 1)
    const mean = 0.5 + (seed === WORSENS ? -epoch : epoch) / 100
    const f1 = { background: mean, hair: mean, hat: null }
    const losses = { loss, cross_entropy: loss, dice: loss, lr: loss === null ? null : settings.lr }
    // Since the run began: a look of a hundredth, and two of steps an epoch.
    const seconds = 0.01 * (1 + 3 * epoch)
    const val = seed === UNSCORED && epoch > 0 ? null : { mean_f1: mean, f1 }
    const row = { epoch, ...losses, seconds, val }
    const isBest = epoch > 0 && (epoch === 1 || seed !== WORSENS)
    if (isBest) best = epoch
    rows.push(row)
    if (epoch > begun) {
      if (isBest) writeTensor(join(folder, 'best.safetensors'), epoch, size)
      writeFileSync(checkpoint, JSON.stringify({ epoch }))
    }
    const shown =
      epoch > begun
        ? previews.map((sample) => ({ sample, labels: new Uint8Array(side * side).fill(epoch) }))
        : []
    tell(id, { kind: 'epoch', row, isBest, previews: shown })
    tell(id, { kind: 'progress', progress: progressAt(epoch, epochs, step, perEpoch * epochs, loss) })
    if (epoch === 1) tell(id, { kind: 'note', message: 'The batch was made smaller.' })
    if (epoch === 2 && seed === DIES_ONCE && !existsSync(died)) {
      mkdirSync(died)
      process.kill(process.pid, 'SIGKILL')
    }
    if (epoch === 2 && seed === DIES_ON_GPU && provider !== 'cpu') process.kill(process.pid, 'SIGKILL')
    if (epoch === 2 && seed === FAILS_ONCE && !existsSync(died)) {
      mkdirSync(died)
      throw new Error('A photo is missing.')
    }
    if (epoch === 2 && begun < 2 && (seed === WAITS || seed === DEAF || seed === UNSCORED))
      while (seed === DEAF || !controls.has(id)) await sleep(5)
    await sleep(5)
    if (settings.time_limit !== null && seconds >= settings.time_limit) break
    const asked = controls.get(id)
    controls.delete(id)
    if (asked && seed !== PLAIN) {
      const end = asked === 'pause' ? 'paused' : 'cancelled'
      return { end, epochs: rows, steps: step, bestEpoch: best }
    }
  }
  return { end: 'done', epochs: rows, steps: perEpoch * epochs, bestEpoch: best }
}

function progressAt(epoch, epochs, step, steps, loss) {
  return { phase: 'training', epoch, epochs, step, steps, loss, secondsLeft: 1, provider: 'cpu' }
}

/** A safetensors file of one tensor, all `value`. */
function writeTensor(file, value, metadata) {
  mkdirSync(dirname(file), { recursive: true })
  const data = Buffer.from(new Float32Array(SHAPE[0] * SHAPE[1]).fill(value).buffer)
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: metadata,
      [NAME]: { dtype: 'F32', shape: SHAPE, data_offsets: [0, data.length] },
    }).padEnd(256),
  )
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(file, Buffer.concat([length, header, data]))
}

function tell(id, news) {
  send({ id, news })
}

/** shared/wire.ts's form, in a frame. */
function send(message) {
  const arrays = []
  const json = JSON.stringify(message, (_key, value) => {
    if (!(value instanceof Uint8Array)) return value
    arrays.push(value)
    return { $array: arrays.length - 1, type: 'Uint8Array' }
  })
  const blocks = [Buffer.from(json), ...arrays].flatMap((block) => [lengthOf(block.length), block])
  const body = Buffer.concat(blocks)
  process.stdout.write(Buffer.concat([lengthOf(body.length), body]))
}

function lengthOf(count) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(count)
  return bytes
}
