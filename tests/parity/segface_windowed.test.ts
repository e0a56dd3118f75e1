/** @file SegFace's backbones with windowed attention, Swin and SwinV2, against numbers recorded from PyTorch. */
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

/**
 * What torchvision's networks give for named tensors at a size where everything happens: windows that do not divide the
 * map, windows that are larger, shifted ones, and maps with odd edges to merge.
 */
const RECORDED = JSON.parse(readFileSync('tests/fixtures/forward/windowed_72.json', 'utf8')) as RecordedTaps<
  'swin_base' | 'swinv2_tiny'
>

describeBackbones(['swin_base', 'swinv2_tiny'], RECORDED)

const FORWARD = shared('reference', 'forward')

/** Each with SegFace's head of 19 classes; the paper counts 91.01 M and 91.17 M for the two it trained. */
const NETWORKS = [
  { arch: 'swin_base', resolution: 224, parameters: 91_007_800 },
  { arch: 'swinv2_base', resolution: 256, parameters: 91_170_424 },
  { arch: 'swinv2_small', resolution: 256, parameters: 53_110_138 },
  { arch: 'swinv2_tiny', resolution: 256, parameters: 31_724_266 },
] as const

describe.each(NETWORKS)('SegFace $arch', ({ arch, resolution, parameters }) => {
  const read = () => readReference(join(FORWARD.path, `${arch}_${resolution}.json`))

  it.runIf(FORWARD.present)(
    `computes what PyTorch computes at ${resolution}`,
    { timeout: TIMEOUT },
    async () => {
      await expectParity(read())
    },
  )

  it.runIf(FORWARD.present)('is recognised, with as many parameters as the paper counts', () => {
    const tensors = new Map(read().state_dict.map(([name, shape]) => [name, { shape }] as const))
    expect(recognise(tensors)).toEqual({ arch, classes: 19 })
    expect(countParameters(tensors)).toBe(parameters)
  })
})
