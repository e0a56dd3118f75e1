/** @file A process that trains until it is killed: `jiti runs-writer.ts FOLDER` prints each epoch after it is stored. */
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { openRuns } from '../../src/main/store/runs/open'
import { newRun } from '../helpers/training'

const runs = openRuns(argv[2] ?? '')
const { id } = runs.create(newRun('written'))
runs.update(id, { state: 'running' })
for (let epoch = 1; ; epoch++) {
  const loss = 1 / (epoch + 1)
  runs.putEpoch(id, { epoch, loss, cross_entropy: loss, dice: loss, lr: 1e-3, seconds: 1, val: null })
  writeSync(1, `${epoch}\n`)
}
