/** @file SegFace's convolutional backbones beside MobileNet against numbers recorded from PyTorch. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/main/segface/config'
import { countParameters } from '../../src/main/segface/weights'
import type { RecordedTaps } from '../helpers/describe_backbones'
import { describeBackbones } from '../helpers/describe_backbones'
import { expectParity, readReference } from '../helpers/forward'
import { shared } from '../helpers/shared'

/** These networks are large, and machines may be busy. */
const TIMEOUT = 300_000

/** What torchvision's networks give for named tensors, at a size whose halves are odd. */
const RECORDED = JSON.parse(
  readFileSync('tests/fixtures/forward/convolutional_72.json', 'utf8'),
) as RecordedTaps<'convnext_small' | 'efficientnet' | 'resnet'>

describeBackbones(['convnext_small', 'efficientnet', 'resnet'], RECORDED)

const FORWARD = shared('reference', 'forward')

/** The papers' networks with SegFace's head of 19 classes. */
const PARAMETERS = {
  convnext_base: 91_828_992,
  convnext_small: 53_594_848,
  efficientnet: 57_036_916,
  resnet: 47_256_256,
} as const

describe.each(['convnext_base', 'convnext_small', 'efficientnet', 'resnet'] as const)(
  'SegFace %s',
  (arch) => {
    const read = () => readReference(join(FORWARD.path, `${arch}_256.json`))

    it.runIf(FORWARD.present)('computes what PyTorch computes at 256', { timeout: TIMEOUT }, () =>
      expectParity(read()),
    )

    it.runIf(FORWARD.present)('is recognised, with as many parameters as the paper counts', () => {
      const entries = read().state_dict.map(([name, shape]) => [name, { shape }] as const)
      const tensors = new Map(entries)
      expect(recognise(tensors)).toEqual({ arch, classes: 19 })
      expect(countParameters(tensors)).toBe(PARAMETERS[arch])
    })
  },
)
