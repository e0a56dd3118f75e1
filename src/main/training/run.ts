/** @file A training run from its plan to the best weights. */
import { FacetError } from '../../shared/errors'
import type { Talk, TrainEnd } from './news'
import { readPlan } from './plan'

/** Trains by the plan in `folder`, resuming where its checkpoint stands. */
export async function train(folder: string, talk: Talk): Promise<TrainEnd> {
  const plan = await readPlan(folder)
  throw new FacetError('internal', `${plan.arch} is not trained yet ${String(talk.asked())}`)
}
