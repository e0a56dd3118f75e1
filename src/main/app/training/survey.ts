/** @file What a run would learn from and how: the faces counted, the settings chosen, and what to be warned of. */
import type { Complaint } from '../../../shared/answers'
import { noteOf } from '../../../shared/notes'
import { PART_NAMES, type PartName } from '../../../shared/labels'
import type { TrainOptions, TrainingSurvey } from '../../../shared/training'
import type { Sample } from '../../dataset/samples'
import type { Pace } from '../../store/runs/runs'
import { chooseSettings, type Situation } from '../../training/recipe'
import type { Base } from './base'
import type { TrainingFaces } from './faces'

/** Below so many examples a part is learned by heart rather than learned. */
const FEW = 5
/** A complaint about each of thousands of pictures would hide everything else. */
const MAX_COMPLAINTS = 10

/** `others`: faces that could keep the model from forgetting; `paces`: what earlier steps took; `complaints`: of the dataset. */
export function survey(
  base: Base,
  faces: TrainingFaces,
  options: TrainOptions,
  others: number,
  paces: readonly Pace[],
  complaints: readonly Complaint[],
): TrainingSurvey {
  const { train, val, golden } = faces
  const choice = chooseSettings(options, {
    train: train.length,
    val: val.length,
    others,
    resolution: base.model?.manifest.resolution ?? null,
    pace: paceOf(paces, base.arch),
  })
  const parts = countParts(train)
  return {
    base: base.id,
    images: { train: train.length, val: val.length, golden: golden.length },
    parts,
    settings: choice.settings,
    notes: [...base.notes, ...faces.notes, ...choice.notes, ...complaintNotes(complaints)],
    warnings: warningsOf(parts, faces),
    seconds: choice.seconds,
  }
}

/** Training faces that hold each part, where somebody vouches for it. */
function countParts(train: readonly Sample[]): Record<PartName, number> {
  const counts = PART_NAMES.map((name, part) => [
    name,
    train.filter(({ parts, checked }) => ((parts & (checked ?? -1)) >>> part) & 1).length,
  ])
  return Object.fromEntries(counts) as Record<PartName, number>
}

function warningsOf(
  parts: Readonly<Record<PartName, number>>,
  { train, val, apart, passedOver }: TrainingFaces,
): string[] {
  if (train.length === 0) {
    const test = apart.filter(({ split }) => split === 'test').length
    // Of a folder where nothing was corrected yet, that is said in plainer words.
    const isKind =
      passedOver && passedOver.faces > 0 && (passedOver.only === 'accepted' || val.length + test > 0)
    if (isKind) return [noteOf('noneOfKind', passedOver)]
    return val.length + test === 0
      ? [noteOf('nothingToLearn', {})]
      : [noteOf('noneToTrain', { val: val.length, test })]
  }
  const few = PART_NAMES.filter((part) => parts[part] > 0 && parts[part] < FEW)
  const none = PART_NAMES.filter((part) => parts[part] === 0)
  return [
    ...(few.length === 0
      ? []
      : [noteOf('fewExamples', { parts: few.map((part) => `${part} (${parts[part]})`).join(', ') })]),
    ...(none.length === 0 ? [] : [noteOf('noExamples', { parts: none.join(', ') })]),
  ]
}

/** The pace of the newest run of the same network, side, batch and scope. */
function paceOf(paces: readonly Pace[], arch: string): Situation['pace'] {
  return ({ scope, train_bs, input_resolution }) =>
    paces.find(
      ({ settings, ...pace }) =>
        pace.arch === arch &&
        settings.scope === scope &&
        settings.train_bs === train_bs &&
        settings.input_resolution === input_resolution,
    ) ?? null
}

/**
 * What is wrong with a dataset, in sentences: one for all complaints that differ in numbers only, those about the whole of it
 * (a list of splits that is not used) first.
 */
export function complaintNotes(complaints: readonly Complaint[]): string[] {
  const isInside = ({ file }: Complaint): number => (file.includes('/') ? 1 : 0)
  const sorted = complaints.toSorted((a, b) => isInside(a) - isInside(b))
  const groups = [...Map.groupBy(sorted, ({ message }) => message.replace(/\d+/g, '#')).values()]
  const told = groups.slice(0, MAX_COMPLAINTS).flatMap(([first, ...alike]) => {
    if (!first) return []
    const { file, message } = first
    return alike.length === 0
      ? noteOf('ofDataset', { file, message })
      : noteOf('ofDatasetAlike', { file, others: alike.length, message })
  })
  const rest = groups.slice(MAX_COMPLAINTS).flat().length
  return rest === 0 ? told : [...told, noteOf('ofDatasetMore', { complaints: rest })]
}
