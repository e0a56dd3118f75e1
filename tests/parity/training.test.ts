/** @file Three optimisation steps of whole networks against PyTorch's: losses, gradients, parameters. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { shared } from '../helpers/shared'
import { distancesTo, readTrainingReference, type StateDictList } from '../helpers/training_reference'

const RECORDED = shared('reference', 'training')
const FORWARD = shared('reference', 'forward')

test.each(RECORDED.present ? readdirSync(RECORDED.path) : [])(
  '%s',
  async (file) => {
    const reference = readTrainingReference(join(RECORDED.path, file))
    const forward = readdirSync(FORWARD.path).find(
      (name) => name.replace(/_\d+\.json$/, '') === reference.model,
    )
    const text = readFileSync(resolve(FORWARD.path, forward ?? ''), 'utf8')
    const far = await distancesTo(reference, (JSON.parse(text) as { state_dict: StateDictList }).state_dict)
    expect(far.norms, 'norms').toBeLessThanOrEqual(1)
  },
  300_000,
)
