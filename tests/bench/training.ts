/**
 * @file One optimisation step (forward, backward, update) of one image against that network's inference, in the same run, in
 * turn: scope decoder against the decoder's inference from the same taps, scope full against the whole network's. The shipped
 * MobileNet at 512, with one of the sample portraits. `npm run bench -- training [side]`.
 */
import { join, resolve } from 'node:path'
import { readTensors } from '../../src/main/checkpoint/overlay'
import { encodeModel } from '../../src/main/onnx/encode'
import { GraphBuilder } from '../../src/main/onnx/graph'
import { createSession, type Session } from '../../src/main/runtime/session'
import { fuseTaps } from '../../src/main/segface/decoder'
import { buildSegFace, buildTaps, headLogits } from '../../src/main/segface/network'
import { readInput } from '../../src/main/segface/preprocess'
import { constantParameters, type StateDict } from '../../src/main/segface/weights'
import { peakBytes } from '../../src/main/training/memory'
import { buildStep, STEP } from '../../src/main/training/step_graph'
import { ArrayStepper, type StepFeeds } from '../../src/main/training/stepper'
import { median } from '../../src/main/base/quantile'
import type { Scope } from '../../src/shared/training'
import { printTable } from './report'

const ROUNDS = 9
const WEIGHTS = join('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')
const PHOTO = resolve('resources', 'sample', 'aligned', 'astronaut.jpg')

export async function run(): Promise<void> {
  const side = Number(process.argv[3] ?? 512)
  const stateDict = await readTensors([WEIGHTS])
  const image = { data: await readInput(PHOTO, side), shape: [1, 3, side, side] }
  const backbone = await createSession(encodeModel(buildTaps(stateDict, { resolution: side })), 'cpu')
  const taps = await backbone.run({ image })
  const rows = [['scope', 'inference ms', 'step ms', 'ratio (best / median)', 'planned MB']]
  for (const scope of ['decoder', 'full'] as const) {
    const forward = await createSession(
      encodeModel(
        scope === 'full' ? buildSegFace(stateDict, { resolution: side }) : decoderGraph(stateDict, side),
      ),
      'cpu',
    )
    rows.push(await race(scope, stateDict, side, forward, scope === 'full' ? { image } : taps))
    await forward.release()
  }
  printTable(rows)
}

async function race(
  scope: Scope,
  stateDict: StateDict,
  side: number,
  forward: Session,
  feeds: StepFeeds,
): Promise<string[]> {
  const graph = buildStep(stateDict, {
    arch: 'mobilenet',
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
  const [inference, step]: [number[], number[]] = [[], []]
  const timed = async (into: number[], work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    into.push(performance.now() - begun)
  }
  for (let n = 1; n <= ROUNDS + 1; n++) {
    await timed(inference, () => forward.run(feeds))
    await timed(step, () =>
      stepper.step({ ...feeds, [STEP.labels]: labels }, n, { lr: 1e-6, weightDecay: 0, decay: 0.98 }),
    )
  }
  await stepper.release()
  const [a, b] = [inference.slice(1), step.slice(1)]
  const show = (ms: readonly number[]) => `${Math.min(...ms).toFixed(0)} / ${median(ms).toFixed(0)}`
  const ratio = `${(Math.min(...b) / Math.min(...a)).toFixed(2)} / ${(median(b) / median(a)).toFixed(2)}`
  return [scope, show(a), show(b), ratio, (peakBytes(graph.graph) / 1e6).toFixed(0)]
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
