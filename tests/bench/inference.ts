/**
 * @file Networks as Facet builds them against the published ones as an exporter writes them (`literal/`), in one run of one
 * onnxruntime with the same threads and options: milliseconds per image of both in turn, and of ours in 8 bits where that is
 * another graph, and of each in a process of its own loading, the first time and again, and peak memory. `npm run bench -- inference [ARCH …|all] [--side 512] [--runs 12]`.
 */
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { median } from '../../src/main/base/quantile'
import { writeSafetensors } from '../../src/main/checkpoint/safetensors'
import { encodeModel } from '../../src/main/onnx/encode'
import { sessionOptions, threadCount } from '../../src/main/runtime/providers'
import { saturates } from '../../src/main/runtime/saturation'
import { ARCHITECTURES, type Architecture } from '../../src/main/segface/config'
import { backboneInInt8, gainsInInt8 } from '../../src/main/segface/int8'
import { buildSegFace } from '../../src/main/segface/network'
import { readInput } from '../../src/main/segface/preprocess'
import { countParameters } from '../../src/main/segface/weights'
import { maxDifference } from '../helpers/allclose'
import { buildLiteral } from './literal/network'
import type { Alone } from './inference_alone'
import { inFolder } from './place'
import { printTable, show } from './report'
import { PHOTO, weightsOf } from './subject'

const DEFAULT_ARCHITECTURES: readonly Architecture[] = ['mobilenet', 'convnext_base', 'swin_base']
const THREADS = threadCount(2)

const HEAD = [
  'network', 'M params', 'difference', 'ours ms', 'literal ms', 'ratio', 'of minima', 'of CPU time', 'literal, default options', '8 bits ms',
  'load ms: ours', 'again', 'literal', 'peak MB: ours', 'literal',
] // prettier-ignore

export async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: { side: { type: 'string', default: '512' }, runs: { type: 'string', default: '12' } },
  })
  const wanted = positionals.length === 0 ? DEFAULT_ARCHITECTURES : ARCHITECTURES.filter((arch) => positionals[0] === 'all' || positionals.includes(arch)) // prettier-ignore
  const [side, runs] = [Number(values.side), Number(values.runs)]
  console.log(`${side} x ${side}, ${THREADS} threads, ${runs} runs of each in turn`)
  const rows: string[][] = [HEAD]
  for (const arch of wanted) {
    await inFolder(async (folder) => {
      rows.push(await compare(arch, side, runs, folder))
    })
  }
  printTable(rows)
}

async function compare(arch: Architecture, side: number, runs: number, folder: string): Promise<string[]> {
  const stateDict = await weightsOf(arch)
  const weights = join(folder, 'weights.safetensors')
  await writeSafetensors(weights, stateDict)
  const literal = join(folder, 'literal.onnx')
  await writeFile(literal, encodeModel(buildLiteral(stateDict, side)))

  const [first, again, theirs] = [
    alone('ours', weights, side, folder),
    alone('ours', weights, side, folder),
    alone('literal', literal, side, folder),
  ]
  const options = sessionOptions('cpu', THREADS, await saturates())
  const graph = buildSegFace(stateDict, { resolution: side })
  const [ours, same, plain, int8] = await race(
    [
      await InferenceSession.create(encodeModel(graph), options),
      await InferenceSession.create(literal, options),
      await InferenceSession.create(literal, { intraOpNumThreads: THREADS }),
      ...(gainsInInt8(arch)
        ? [await InferenceSession.create(encodeModel(backboneInInt8(graph)), options)]
        : []),
    ],
    new OrtTensor('float32', await readInput(PHOTO, side), [1, 3, side, side]),
    runs,
  )
  return [
    arch,
    (countParameters(stateDict) / 1e6).toFixed(2),
    maxDifference(ours.logits, same.logits).toExponential(1),
    show(median(ours.ms)),
    show(median(same.ms)),
    (median(same.ms) / median(ours.ms)).toFixed(2),
    (Math.min(...same.ms) / Math.min(...ours.ms)).toFixed(2),
    (median(same.cpuMs) / median(ours.cpuMs)).toFixed(2),
    (median(plain.ms) / median(ours.ms)).toFixed(2),
    int8 ? show(median(int8.ms)) : '',
    show(first.loadMs),
    show(again.loadMs),
    show(theirs.loadMs),
    show(again.peakMB),
    show(theirs.peakMB),
  ]
}

interface Lap {
  readonly ms: number[]
  /** Of all threads: what other work on the machine changes least. */
  readonly cpuMs: number[]
  logits: Float32Array
}

/** Threads of a session with onnxruntime's default options spin on for a while after a run and would slow the next session's. */
const SPINNING_MS = 100

/** Runs sessions in turn, so that what slows the machine slows all of them, each when the threads of the one before rest. */
async function race(
  sessions: readonly InferenceSession[],
  image: OrtTensor,
  runs: number,
): Promise<[Lap, Lap, Lap, Lap?]> {
  const laps = sessions.map((): Lap => ({ ms: [], cpuMs: [], logits: new Float32Array() }))
  for (let turn = -1; turn < runs; turn++) {
    for (const [i, session] of sessions.entries()) {
      const lap = laps[i] as Lap
      await pause(SPINNING_MS)
      const cpu = process.cpuUsage()
      const start = performance.now()
      const { logits } = await session.run({ image })
      const ms = performance.now() - start
      const { user, system } = process.cpuUsage(cpu)
      if (turn < 0) lap.logits = logits?.data as Float32Array
      else {
        lap.ms.push(ms)
        lap.cpuMs.push((user + system) / 1000)
      }
    }
  }
  for (const session of sessions) await session.release()
  return laps as [Lap, Lap, Lap, Lap?]
}

/** Loads and runs in a process of its own, whose memory is nobody else's. */
function alone(which: 'ours' | 'literal', file: string, side: number, folder: string): Alone {
  const jiti = resolve('node_modules', 'jiti', 'lib', 'jiti-cli.mjs')
  const script = resolve('tests', 'bench', 'inference_alone.ts')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [jiti, script, which, file, String(side), join(folder, 'cache')],
    { encoding: 'utf8', maxBuffer: 2 ** 24 },
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Alone
}
