/** @file Looks at faces through the weights of the moment: scores on those for validation, and what is made of a few. */
import type { ValidationScores } from '../../shared/training'
import { spread } from '../base/spread'
import type { Array32 } from '../runtime/session'
import type { Face } from './augment'
import { scorePairs, type Evaluator } from './evaluate'
import type { Faces } from './faces'
import { pictureFeeds } from './feeds'
import type { Preview } from './news'
import { MAX_VALIDATION } from './plan'
import { STEP } from './step_graph'
import { tapsKey, type TapCache } from './taps'

export interface Look {
  /** Null without validation faces. */
  readonly val: ValidationScores | null
  readonly previews: Preview[]
}

export class Looks {
  constructor(
    private readonly evaluator: Evaluator,
    private readonly faces: Faces,
    private readonly taps: TapCache | null,
    /** Faces to be shown, as positions in the plan's samples. */
    private readonly shown: readonly number[],
  ) {}

  /**
   * What the weights make of the validation faces and of those to be shown. `progress` is called after each face, and messages
   * are let in.
   */
  async look(weightsOf: (name: string) => Float32Array, progress: () => void): Promise<Look> {
    await this.evaluator.use(weightsOf)
    const pairs: (readonly [Face, Uint8Array])[] = []
    // Plans of before they held no more than that may hold 100.
    for (const index of spread(this.faces.of('val'), MAX_VALIDATION)) {
      const face = await this.faces.read(index)
      pairs.push([face, await this.#labelsOf(index, face)])
      progress()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const previews: Preview[] = []
    for (const sample of this.shown)
      previews.push({ sample, labels: await this.#labelsOf(sample, await this.faces.read(sample)) })
    return { val: scorePairs(pairs), previews }
  }

  async #labelsOf(index: number, face: Face): Promise<Uint8Array> {
    if (this.taps) return this.evaluator.labels(await this.taps.read(tapsKey(index, 0), face))
    return labelsOf(this.evaluator, face)
  }
}

/** The labels that the weights of an evaluator of whole networks give a face as it is. */
export function labelsOf(evaluator: Evaluator, face: Face): Promise<Uint8Array> {
  const { image } = pictureFeeds([face]) as { image: Array32 }
  return evaluator.labels({ [STEP.image]: image })
}
