/** @file The faces of a plan at the network's side: read from disk once, kept in memory as far as it goes. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { at } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { IGNORED } from '../../shared/mask'
import { unreadable } from '../base/fs'
import { readLabelPng } from '../imaging/mask'
import { readPicture, resizeCubic } from '../imaging/picture'
import { labelsAt } from '../segface/preprocess'
import type { Face } from './augment'
import type { Plan, PlanSample } from './plan'

/** Beyond it the faces that were used first are read again. */
const MAX_BYTES = 768 * 2 ** 20

export class Faces {
  readonly #kept = new Map<number, Face>()
  /** Labels of faces that have none in the plan. */
  readonly #answers = new Map<number, Uint8Array>()

  constructor(
    private readonly folder: string,
    private readonly plan: Plan,
    readonly side: number,
  ) {}

  /** Positions of the samples of one use. */
  of(use: PlanSample['use']): number[] {
    return this.plan.samples.flatMap((sample, index) => (sample.use === use ? index : []))
  }

  /** Labels for a face that replays what the base model knew. */
  answer(index: number, labels: Uint8Array): void {
    this.#answers.set(index, labels)
    this.#kept.delete(index)
  }

  /** The labels of the face at position `index` alone, without a look at its picture. A face without labels counts nowhere. */
  async readLabels(index: number): Promise<Uint8Array> {
    return this.#kept.get(index)?.labels ?? this.#labels(index, this.#sample(index))
  }

  /**
   * The face at position `index`; the caller must not change it. Throws `image/unreadable` for another picture than the one
   * that was planned: it would be taught the labels of that one.
   */
  async read(index: number): Promise<Face> {
    const kept = this.#kept.get(index)
    if (kept) return kept
    const sample = this.#sample(index)
    await requirePlanned(sample)
    const { rgb } = resizeCubic(await readPicture(sample.picture), this.side, this.side)
    const { checked = null } = sample
    const face = { side: this.side, rgb, labels: await this.#labels(index, sample), checked }
    const most = Math.max(1, Math.floor(MAX_BYTES / (4 * this.side ** 2)))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < most) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(index, face)
    return face
  }

  #sample(index: number): PlanSample {
    return at(this.plan.samples, index)
  }

  async #labels(index: number, { labels }: PlanSample): Promise<Uint8Array> {
    if (labels !== null) return labelsAt(await readLabelPng(join(this.folder, labels)), this.side)
    return this.#answers.get(index) ?? new Uint8Array(this.side ** 2).fill(IGNORED)
  }
}

async function requirePlanned({ picture, sha256 }: PlanSample): Promise<void> {
  if (sha256 === undefined) return
  const bytes = await readFile(picture).catch((error: unknown) => {
    throw unreadable(picture, error)
  })
  if (createHash('sha256').update(bytes).digest('hex') === sha256) return
  throw new FacetError(
    'image/unreadable',
    `${picture} is another picture than when this training began; put that one back, or start the training anew.`,
    { file: picture },
  )
}

/** Bits of the parts that a label map holds. */
export function partsIn(labels: Uint8Array): number {
  let bits = 0
  for (const label of labels) if (label > 0 && label < 32) bits |= 1 << (label - 1)
  return bits
}
