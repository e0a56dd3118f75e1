/** @file Scoring faces with masks, one after another: each face's own confusion, to be summed, ranked or drawn anew. */
import type { Complaint } from '../../shared/answers'
import type { Provider } from '../../shared/terms'
import type { PaintOrder } from '../../shared/labels'
import type { Truth } from '../../shared/mask'
import { groundTruth, type Sample } from '../dataset/samples'
import type { EngineClient } from '../engine/client'
import type { NetworkRef } from '../engine/protocol'
import { isUnreadablePicture } from '../imaging/open'
import type { Confusion } from '../metrics/confusion'
import type { Work } from './jobs'
import { readAllMasks, whyLeftOut } from './training/masks'

export interface ScoredFace {
  readonly sample: Sample
  readonly confusion: Confusion
}

export interface ScoringOptions {
  readonly network: NetworkRef
  readonly provider: Provider
  /** Side that pictures are scored at; the network's own where left out. */
  readonly side?: number
  /** Painting order of the ground truth. */
  readonly order: PaintOrder
}

/**
 * Scores each sample by SegFace's protocol at the network's side. One whose photo or one of whose masks cannot be read is
 * left out with a complaint; every other error, and an aborted signal, ends the scoring.
 */
export async function scoreSamples(
  engine: EngineClient,
  samples: readonly Sample[],
  { network, provider, side, order }: ScoringOptions,
  { signal, progress }: Work,
): Promise<{ faces: ScoredFace[]; complaints: Complaint[] }> {
  const faces: ScoredFace[] = []
  const complaints: Complaint[] = []
  let done = 0
  progress(done, samples.length)
  for await (const { sample, truth } of readAhead(samples, order)) {
    signal.throwIfAborted()
    if (typeof truth === 'string') {
      complaints.push({ file: sample.name, message: truth })
    } else {
      try {
        const job = { network, provider, picture: sample.image, truth, ...(side !== undefined && { side }) }
        const { confusion } = await engine.submit('score', job, { signal })
        faces.push({ sample, confusion })
      } catch (error) {
        if (!isUnreadablePicture(error, sample.image)) throw error
        complaints.push({ file: sample.name, message: error.message })
      }
    }
    progress(++done, samples.length)
  }
  return { faces, complaints }
}

interface Read {
  readonly sample: Sample
  /** Where its masks cannot be read, why. */
  readonly truth: Truth | string
}

/** The samples' ground truth in order: the next one's masks are read while the engine works on one. */
async function* readAhead(samples: readonly Sample[], order: PaintOrder): AsyncGenerator<Read> {
  let next: Promise<Read> | undefined
  for (const [i, sample] of samples.entries()) {
    const current = next ?? readTruth(sample, order)
    const following = samples[i + 1]
    next = following && readTruth(following, order)
    // A failure is met when its turn comes; until then it is nobody's, which would end the process.
    next?.catch(() => undefined)
    yield await current
  }
}

/** A part whose mask is damaged would be scored as absent, so the face is left out, as training leaves it out. */
async function readTruth(sample: Sample, order: PaintOrder): Promise<Read> {
  try {
    return { sample, truth: groundTruth(await readAllMasks(sample), sample, order) }
  } catch (error) {
    return { sample, truth: whyLeftOut(error) }
  }
}
