/** @file What a comparison of two models comes to: part by part, and as a verdict. */
import { PART_NAMES, type PartName } from '../../../shared/labels'
import { f1Fall } from '../../../shared/scoring'
import type { ModelComparison } from '../../../shared/training'

export type SetName = 'val' | 'golden'
/** What the two models are to the user: the one in use and a new one, or, once that is in use, the one before and it. */
export interface Roles {
  readonly baseline: 'gate.before' | 'gate.now'
  readonly candidate: 'gate.now' | 'gate.new'
}

export type Trend = 'better' | 'worse' | 'same'

/** A part's F1 on one set of faces; null where it is in neither masks nor predictions. */
export interface Change {
  readonly from: number | null
  readonly to: number | null
  readonly trend: Trend
}

export interface PartDifference {
  readonly part: PartName
  /** Only sets that were scored. */
  readonly sets: Readonly<Partial<Record<SetName, Change>>>
  /** Over both sets: one that is worse outweighs one that is better. */
  readonly trend: Trend
  readonly examples: ModelComparison['worse'][number]['examples']
}

export type Verdict = 'better' | 'mixed' | 'worse' | 'unscored'

/** The sets with faces in them: those that a verdict can rest on. */
export function scoredSets({ sets, images }: ModelComparison): ModelComparison['sets'] {
  return sets.filter(({ set }) => images[set] > 0)
}

function changeOf(from: number | null, to: number | null, tolerance: number): Change {
  const fall = f1Fall(from, to)
  return { from, to, trend: fall > tolerance ? 'worse' : fall < -tolerance ? 'better' : 'same' }
}

/** All 18 parts in SegFace's order. What the backend calls worse is worse here, too. */
export function differencesOf(comparison: ModelComparison): PartDifference[] {
  return PART_NAMES.map((part) => {
    const sets = Object.fromEntries(
      scoredSets(comparison).map(({ set, baseline, candidate }) => [
        set,
        changeOf(baseline.f1[part], candidate.f1[part], comparison.tolerance),
      ]),
    ) as PartDifference['sets']
    const worse = comparison.worse.find((entry) => entry.part === part)
    const trends = Object.values(sets).map(({ trend }) => trend)
    const isWorse = worse !== undefined || trends.includes('worse')
    return {
      part,
      sets,
      trend: isWorse ? 'worse' : trends.includes('better') ? 'better' : 'same',
      examples: worse?.examples ?? [],
    }
  })
}

/** What the scores advise: the mean on every set decides, then whether any part got worse. */
export function verdictOf(comparison: ModelComparison): Verdict {
  const sets = scoredSets(comparison)
  if (sets.length === 0) return 'unscored'
  const rises = sets.every(({ baseline, candidate }) => candidate.mean_f1 >= baseline.mean_f1)
  const gains = sets.some(({ baseline, candidate }) => candidate.mean_f1 > baseline.mean_f1)
  if (!rises || !gains) return 'worse'
  return differencesOf(comparison).some(({ trend }) => trend === 'worse') ? 'mixed' : 'better'
}
