/** @file What the weights of the moment make of faces: one class a pixel, and the counts that scores are made of. */
import { invariant } from '../../shared/assert'
import type { Provider } from '../../shared/terms'
import type { Scope, ValidationScores } from '../../shared/training'
import { countPixels, sumConfusions, type Confusion } from '../metrics/confusion'
import { scoresOf } from '../metrics/scores'
import { encodeFor } from '../runtime/encode'
import { GraphBuilder } from '../onnx/graph'
import { Residents, type StepSession } from '../runtime/resident'
import type { Array32 } from '../runtime/session'
import { classTokens, type Architecture } from '../segface/config'
import { fuseTaps } from '../segface/decoder'
import { headLogits } from '../segface/network'
import { deviceLabels } from '../segface/postprocess'
import { onceEach, requireTensor, type StateDict } from '../segface/weights'
import type { Face } from './augment'
import { fedTaps, isLearned } from './step_graph'

export interface EvaluatorOptions {
  readonly arch: Architecture
  readonly scope: Scope
  readonly resolution: number
}

/** Names of tensors that may change while a run learns: what it learns, and norms' running statistics. */
function changes(name: string, scope: Scope): boolean {
  return isLearned(name, scope) || (scope === 'full' && /\.running_(mean|var)$/.test(name))
}

export class Evaluator {
  private constructor(
    private readonly residents: Residents,
    private readonly session: StepSession,
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
  ) {}

  static async create(
    stateDict: StateDict,
    { arch, scope, resolution }: EvaluatorOptions,
    provider: Provider,
  ): Promise<Evaluator> {
    const g = new GraphBuilder(`evaluation_${arch}_${scope}`)
    const shapes = new Map<string, readonly number[]>()
    const parameter = onceEach((name, shape) => {
      if (!changes(name, scope)) return g.initializer(name, requireTensor(stateDict, name, shape))
      shapes.set(name, shape)
      return g.input(name, 'float32', shape)
    })
    const context = { g, parameter }
    const taps = fedTaps(context, stateDict, { arch, scope, resolution, batch: 1 })
    const logits = headLogits(context, fuseTaps(context, taps), resolution, classTokens(stateDict))
    g.output('labels', deviceLabels(g, logits))
    const residents = new Residents(provider)
    const session = await residents.createStepSession(encodeFor(provider, g.finish()))
    return new Evaluator(residents, session, shapes)
  }

  /** Looks through these weights from now on; those of `stateDict` that may change, by name. */
  async use(tensorOf: (name: string) => Float32Array): Promise<void> {
    const arrays = Array.from(
      this.shapes,
      ([name, shape]) => [name, { data: tensorOf(name), shape }] as const,
    )
    await this.residents.write(Object.fromEntries(arrays))
  }

  /** One class a pixel [R, R] of one picture [1, 3, R, R], or of its taps. */
  async labels(feeds: Readonly<Record<string, Array32>>): Promise<Uint8Array> {
    const { labels } = await this.session.run(feeds)
    invariant(labels?.data instanceof Uint8Array, 'the evaluation has no labels')
    return labels.data
  }

  async release(): Promise<void> {
    await this.session.release()
    await this.residents.release()
  }
}

/** Scores of what was predicted for faces against their labels, as SegFace counts; null where no part is in any of them. */
export function scorePairs(
  pairs: readonly (readonly [truth: Pick<Face, 'labels' | 'checked'>, predicted: Uint8Array])[],
): ValidationScores | null {
  const confusions: Confusion[] = pairs.map(([{ labels, checked }, predicted]) =>
    countPixels(labels, predicted, checked),
  )
  const { meanF1, f1 } = scoresOf(sumConfusions(confusions))
  return meanF1 === null ? null : { mean_f1: meanF1, f1 }
}
