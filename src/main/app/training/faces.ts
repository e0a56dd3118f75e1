/**
 * @file Which faces of a dataset a run learns from and which it is judged on. Its own partition wins; else a face is put
 * into one of the two by its name, always the same way, and a workspace, or the runs of a tree, remember it: none ever moves
 * from val to train.
 */
import { noteOf } from '../../../shared/notes'
import { createHash } from 'node:crypto'
import type { Split } from '../../../shared/terms'
import { assertNever } from '../../../shared/assert'
import type { TrainOn } from '../../../shared/training'
import type { Sample } from '../../dataset/samples'
import { MAX_VALIDATION } from '../../training/plan'

/** Part of the faces that are kept for validation, where the dataset does not say. */
const VAL_PART = 0.18
/** From so many faces on, at least one is for validation; of fewer, none. */
const MIN_FOR_VAL = 4

export interface TrainingFaces {
  readonly train: readonly Sample[]
  readonly val: readonly Sample[]
  /** Pinned: in neither. */
  readonly golden: readonly Sample[]
  /**
   * Never learned from, not even by a replay of the same picture: golden and flagged faces, those for test, and those for
   * validation beyond the ones in `val`.
   */
  readonly apart: readonly Sample[]
  /** Training faces that were passed over, not being of the kind `only`; null where faces were asked for one by one. */
  readonly passedOver: { readonly only: TrainOn; readonly faces: number } | null
  /** Those that had no split, with the one they were given. */
  readonly assigned: readonly { readonly sample: Sample; readonly split: Split }[]
  /** What was left out, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Chooses among `samples` those of a status, or of these ids, in the dataset's order; of the training faces the first
 * `limit`. Flagged images, unless chosen by id, those of the split `test`, and those that nobody vouches a part of are
 * left out. Of the validation faces MAX_VALIDATION are taken, by their names. Predictions are never validated on: the model
 * that made them would be perfect. `earlier`: what pictures, by their path, were in earlier runs; they stay that.
 */
export function chooseFaces(
  samples: readonly Sample[],
  wanted: TrainOn | readonly number[],
  limit = Infinity,
  earlier: ReadonlyMap<string, Split> = new Map(),
): TrainingFaces {
  const notes: string[] = []
  const usable = samples.filter(({ golden, split, checked }) => !golden && split !== 'test' && checked !== 0)
  const chosen = usable.filter((sample) => isChosen(sample, wanted))
  const assigned = assignSplits(chosen, earlier)
  const splits = new Map(assigned.map(({ sample, split }) => [sample, split]))
  const splitOf = (sample: Sample): Split | null => splits.get(sample) ?? sample.split

  const isPassedOver = (sample: Sample): boolean =>
    !isChosen(sample, wanted) && sample.status !== 'flagged' && sample.split !== 'val'

  const all = chosen.filter((sample) => splitOf(sample) === 'train')
  const train = all.slice(0, limit)
  // Faces that were put aside earlier judge every later run, whatever it learns from.
  const val = usable.filter((sample) => splitOf(sample) === 'val' && isByHand(sample))
  const told = byHash(val).slice(0, MAX_VALIDATION)
  if (told.length < val.length) notes.push(noteOf('someScored', { all: val.length, scored: told.length }))
  const predicted = train.filter((sample) => !isByHand(sample)).length
  if (predicted > 0) notes.push(noteOf('onlyPredicted', { predicted, images: train.length }))
  const kept = new Set(told)
  const used = new Set([...told, ...train])
  const isApart = (sample: Sample): boolean =>
    sample.golden || sample.status === 'flagged' || ['val', 'test'].includes(splitOf(sample) ?? '')
  return {
    train,
    val: val.filter((sample) => kept.has(sample)),
    golden: samples.filter(({ golden }) => golden),
    apart: samples.filter((sample) => !used.has(sample) && isApart(sample)),
    passedOver:
      typeof wanted === 'string' ? { only: wanted, faces: usable.filter(isPassedOver).length } : null,
    assigned,
    notes,
  }
}

function isChosen(sample: Sample, wanted: TrainOn | readonly number[]): boolean {
  if (typeof wanted !== 'string') return sample.id !== null && wanted.includes(sample.id)
  switch (wanted) {
    case 'accepted':
      return sample.status === 'accepted'
    case 'corrected':
      return isByHand(sample)
    case 'all':
      return sample.status !== 'flagged'
    default:
      return assertNever(wanted)
  }
}

/** True where a person or an import decided what is there. */
function isByHand({ status }: Sample): boolean {
  return status === 'corrected' || status === 'accepted'
}

/** A split for each that has none; one for validation from four faces on. */
function assignSplits(
  chosen: readonly Sample[],
  earlier: ReadonlyMap<string, Split>,
): { sample: Sample; split: Split }[] {
  const open = chosen.filter(({ split }) => split === null)
  const candidates = open.filter((sample) => isByHand(sample) && !earlier.has(sample.image))
  const hasEnough = chosen.length >= MIN_FOR_VAL
  const val = new Set([
    ...open.filter(({ image }) => earlier.get(image) === 'val'),
    ...candidates.filter(({ name }) => hasEnough && share(name) < VAL_PART),
  ])
  const [first] = byHash(candidates)
  const hasVal = val.size > 0 || chosen.some(({ split }) => split === 'val')
  if (!hasVal && first && hasEnough) val.add(first)
  return open.map((sample) => ({ sample, split: val.has(sample) ? 'val' : 'train' }))
}

function byHash(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((a, b) => share(a.name) - share(b.name))
}

/** A number of 0..1 that follows from the name alone. */
export function share(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 32
}
