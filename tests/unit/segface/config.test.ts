/** @file Which network a checkpoint is, told by its tensors; and what is said of those that cannot be built. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FacetError } from '../../../src/shared/errors'
import { CLASS_TOKENS, classTokens, recognise } from '../../../src/main/segface/config'
import { buildSegFace } from '../../../src/main/segface/network'
import { countParameters, requireTensor } from '../../../src/main/segface/weights'
import { tensor } from '../../../src/main/base/tensor'
import { namedStateDict } from '../../helpers/named_tensors'
import { withTokens } from '../../helpers/segface'
import { shared } from '../../helpers/shared'

type Entries = readonly (readonly [string, readonly number[], string])[]
interface Reference {
  readonly model: string
  readonly state_dict: Entries
}

const shapesOf = (entries: Entries) => new Map(entries.map(([name, shape]) => [name, { shape }]))
const readReference = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Reference

const mobilenet = readReference('tests/fixtures/forward/mobilenet_256.json').state_dict

function errorOf(run: () => unknown): FacetError {
  try {
    run()
  } catch (error) {
    if (error instanceof FacetError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a published checkpoint', () => {
  const forward = shared('reference', 'forward')
  const files = forward.present ? readdirSync(forward.path) : []

  it.runIf(files.length > 0).each(files)('%s is recognised', (file) => {
    const { model, state_dict } = readReference(join(forward.path, file))
    expect(recognise(shapesOf(state_dict))).toEqual({ arch: model, classes: 19 })
  })

  it('of 11 classes is one of LaPa or Helen', () => {
    expect(recognise(shapesOf(withTokens(mobilenet, CLASS_TOKENS[11])))).toEqual({
      arch: 'mobilenet',
      classes: 11,
    })
  })

  it('of a backbone that SegFace has in other sizes is refused', () => {
    const swinTiny = new Map([
      ['backbone.0.0.0.weight', { shape: [96, 3, 4, 4] }],
      ['backbone.0.1.0.attn.relative_position_bias_table', { shape: [169, 3] }],
      ['face_decoder.background_token.weight', { shape: [1, 256] }],
      ['face_decoder.necklace_token.weight', { shape: [1, 256] }],
    ])
    const error = errorOf(() => recognise(swinTiny, 'swint.pt'))
    expect(error.code).toBe('model/unsupported')
    expect(error.message).toContain('swint.pt is not a SegFace checkpoint')
  })

  it('of a face parser of others is named, with the way that it can be used', () => {
    const bisenet = new Map([['cp.resnet.conv1.weight', { shape: [64, 3, 7, 7] }]])
    expect(errorOf(() => recognise(bisenet, '79999_iter.pth')).message).toMatch(
      /It is a BiSeNet \(zllrunning\): export it with torch\.onnx\.export and import the ONNX file\.$/,
    )
  })

  it('of something else is refused', () => {
    expect(errorOf(() => recognise(new Map([['conv1.weight', { shape: [64, 3, 7, 7] }]]))).message).toContain(
      "'conv1.weight'",
    )
    expect(errorOf(() => recognise(new Map())).code).toBe('model/unsupported')
    const bare = new Map([['backbone.0.0.weight', { shape: [16, 3, 3, 3] }]])
    expect(errorOf(() => recognise(bare)).code).toBe('model/unsupported')
  })
})

describe('class tokens', () => {
  const order = (tokens: readonly string[], sorted = false) => {
    const names = withTokens(mobilenet, tokens).map(([name, shape]) => [name, { shape }] as const)
    return classTokens(new Map(sorted ? names.sort(([a], [b]) => (a < b ? -1 : 1)) : names))
  }
  const swapped = CLASS_TOKENS[11].map((token) => token.replace(/^(left|right)/, (side) => (side === 'left' ? 'right' : 'left'))) // prettier-ignore

  it('stand in the order of the classes, as the checkpoint has them', () => {
    expect(order(CLASS_TOKENS[19])).toEqual(CLASS_TOKENS[19])
    expect(order(CLASS_TOKENS[11])).toEqual(CLASS_TOKENS[11])
    expect(order(swapped)).toEqual(swapped)
  })

  it('of a file that is sorted by name are in the published order', () => {
    expect(order(CLASS_TOKENS[19], true)).toEqual(CLASS_TOKENS[19])
    expect(order(CLASS_TOKENS[11], true)).toEqual(CLASS_TOKENS[11])
  })

  it('more than there are classes are refused by name', () => {
    const error = errorOf(() => order([...CLASS_TOKENS[11], 'beard']))
    expect(error.message).toMatch(/12 classes \(background, .*, beard\); Facet knows those of 19.*of 11/)
  })
})

describe('weights', () => {
  const stateDict = namedStateDict(mobilenet)

  it('that are missing or mis-shaped are named', () => {
    const name = 'face_decoder.transformer.layers.1.mlp.lin2.weight'
    const without = new Map(stateDict)
    without.delete(name)
    const missing = errorOf(() => buildSegFace(without, { resolution: 64 }))
    expect([missing.code, missing.details['tensor']]).toEqual(['checkpoint/missing-tensor', name])
    const wrong = new Map(stateDict).set(name, tensor('float32', [2], new Float32Array(2)))
    expect(errorOf(() => buildSegFace(wrong, { resolution: 64 })).message).toContain(
      'has the shape [2]; its network needs [256, 2048]',
    )
  })

  it('of half precision widen', () => {
    const half = new Map([['w', tensor('float16', [2], Uint16Array.of(0x3c00, 0xc000))]])
    expect(requireTensor(half, 'w', [2]).data).toEqual(Float32Array.of(1, -2))
  })

  it('are counted without buffers', () => {
    expect(
      countParameters(
        new Map([
          ['a.weight', { shape: [2, 3] }],
          ['a.running_mean', { shape: [2] }],
          ['a.num_batches_tracked', { shape: [] }],
          ['pe_layer.positional_encoding_gaussian_matrix', { shape: [2, 128] }],
          ['logit_scale', { shape: [] }],
        ]),
      ),
    ).toBe(7)
  })

  it('cannot run at a resolution out of range', () => {
    expect(errorOf(() => buildSegFace(stateDict, { resolution: 16 })).code).toBe('usage')
    expect(errorOf(() => buildSegFace(stateDict, { resolution: 256.5 })).code).toBe('usage')
  })
})
