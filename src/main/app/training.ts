/** @file Training for a window or the command line. */
import { FacetError } from '../../shared/errors'
import type { Handlers } from './app'

export function trainingHandlers(): Pick<Handlers, Extract<keyof Handlers, `training.${string}`>> {
  const coming = (): never => {
    throw new FacetError('internal', 'This comes with the next change.')
  }
  return {
    'training.survey': coming,
    'training.start': coming,
    'training.list': () => ({ runs: [], progress: null }),
    'training.show': coming,
    'training.pause': coming,
    'training.resume': coming,
    'training.cancel': coming,
    'training.delete': coming,
    'training.previews': coming,
    'training.run': coming,
    'training.bundle': coming,
  }
}
