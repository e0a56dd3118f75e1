/**
 * @file Training steps against inference on the processor, in turn and in one run: milliseconds of a whole step (forward,
 * backward, AdamW, averaged weights) on one picture, its ratio to our inference of the same network, and to that of the network
 * as an exporter writes it (`literal/`), and the memory that is planned for it. MobileNet in both scopes, the others in scope full.
 * `npm run bench -- training [ARCH …|all] [--side 512] [--runs 9]`.
 */
import { parseArgs } from 'node:util'
import { median } from '../../src/main/base/quantile'
import { encodeModel } from '../../src/main/onnx/encode'
import { GraphBuilder, type Graph } from '../../src/main/onnx/graph'
import { createSession, type Session } from '../../src/main/runtime/session'
import { ARCHITECTURES, type Architecture } from '../../src/main/segface/config'
import { fuseTaps } from '../../src/main/segface/decoder'
import { buildSegFace, buildTaps, headLogits } from '../../src/main/segface/network'
import { readInput } from '../../src/main/segface/preprocess'
import { constantParameters, type StateDict } from '../../src/main/segface/weights'
import { peakBytes } from '../../src/main/training/memory'
import { buildStep, STEP } from '../../src/main/training/step_graph'
import { ArrayStepper, type StepFeeds } from '../../src/main/training/stepper'
import type { Scope } from '../../src/shared/training'
import { buildLiteral, buildLiteralDecoder } from './literal/network'
import { printTable } from './report'
import { PHOTO, weightsOf } from './subject'

export async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: { side: { type: 'string', default: '512' }, runs: { type: 'string', default: '9' } },
  })
  const [side, runs] = [Number(values.side), Number(values.runs)]
  const wanted = ARCHITECTURES.filter((arch) => positionals.length === 0 ? arch === 'mobilenet' : positionals[0] === 'all' || positionals.includes(arch)) // prettier-ignore
  const image = { data: await readInput(PHOTO, side), shape: [1, 3, side, side] }
  console.log('milliseconds and ratios: best / median')
  const rows = [
    ['network', 'scope', 'inference ms', 'exported ms', 'step ms', 'ratio', 'to exported', 'planned MB'],
  ]
  for (const arch of wanted) {
    const stateDict = await weightsOf(arch)
    const cases: [Scope, Graph[], StepFeeds][] = [
      ['full', [buildSegFace(stateDict, { resolution: side }), buildLiteral(stateDict, side)], { image }],
    ]
    if (arch === 'mobilenet') {
      const backbone = await createSession(encodeModel(buildTaps(stateDict, { resolution: side })), 'cpu')
      cases.unshift([
        'decoder',
        [decoderGraph(stateDict, side), buildLiteralDecoder(stateDict, side)],
        await backbone.run({ image }),
      ])
      await backbone.release()
    }
    for (const [scope, graphs, feeds] of cases) {
      const forwards = await Promise.all(graphs.map((graph) => createSession(encodeModel(graph), 'cpu')))
      rows.push([arch, scope, ...(await race(arch, scope, stateDict, side, runs, forwards, feeds))])
      for (const forward of forwards) await forward.release()
    }
  }
  printTable(rows)
}

async function race(
  arch: Architecture,
  scope: Scope,
  stateDict: StateDict,
  side: number,
  runs: number,
  forwards: readonly Session[],
  feeds: StepFeeds,
): Promise<string[]> {
  const graph = buildStep(stateDict, {
    arch,
    scope,
    resolution: side,
    batch: 1,
    batchNorm: 'running',
    dicePresent: true,
  })
  const stepper = await ArrayStepper.create(graph, stateDict, 'cpu')
  const labels = {
    data: Int32Array.from({ length: side ** 2 }, (_, i) => Math.floor((19 * i) / side ** 2)),
    shape: [1, side, side],
  }
  const timed = async (work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    return performance.now() - begun
  }
  const steps: number[] = []
  const inferences = forwards.map((): number[] => [])
  for (let n = 1; n <= runs + 1; n++) {
    for (const [i, forward] of forwards.entries()) inferences[i]?.push(await timed(() => forward.run(feeds)))
    const settings = { lr: 1e-6, weightDecay: 0, decay: 0.98 }
    steps.push(await timed(() => stepper.step({ ...feeds, [STEP.labels]: labels }, n, settings)))
  }
  await stepper.release()
  const [ours, exported] = inferences.map(lap)
  const took = lap(steps)
  const inMs = (some: Lap) => `${some.best.toFixed(0)} / ${some.middle.toFixed(0)}`
  const ratio = (to: Lap) => `${(took.best / to.best).toFixed(2)} / ${(took.middle / to.middle).toFixed(2)}`
  const planned = (peakBytes(graph.graph) / 1e6).toFixed(0)
  const cells = [ours, exported, took].map((some) => (some ? inMs(some) : ''))
  return [...cells, ...[ours, exported].map((to) => (to ? ratio(to) : '')), planned]
}

interface Lap {
  readonly best: number
  readonly middle: number
}

/** Of milliseconds, the first left out. */
function lap([, ...ms]: readonly number[]): Lap {
  return { best: Math.min(...ms), middle: median(ms) }
}

/** The decoder alone, from the taps to the logits, with its weights as constants. */
function decoderGraph(stateDict: StateDict, side: number) {
  const g = new GraphBuilder('decoder')
  const context = { g, parameter: constantParameters(g, stateDict) }
  const taps = buildTaps(stateDict, { resolution: side }).outputs.map(({ name, shape }) =>
    g.input(name, 'float32', shape),
  )
  g.output('logits', headLogits(context, fuseTaps(context, taps), side))
  return g.finish()
}
