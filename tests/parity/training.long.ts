/** @file Training steps of every network, scope and batch norm that was recorded from PyTorch; together they take minutes. */
import { readdirSync } from 'node:fs'
import { describe } from 'vitest'
import { describeTraining } from '../helpers/describe_training'
import { shared } from '../helpers/shared'

const RECORDED = shared('reference', 'training')

describe.runIf(RECORDED.present)('training steps as recorded', () => {
  describeTraining(RECORDED.path, RECORDED.present ? readdirSync(RECORDED.path) : [])
})
