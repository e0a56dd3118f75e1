/**
 * @file The tensors of a network that has not learned yet, drawn as torchvision (backbones) and PyTorch (head) draw them, under all
 * names that SegFace's checkpoints have.
 */
import { elementCount, tensor, type Tensor } from '../base/tensor'
import { relativePositionIndex } from './backbones/windows'
import type { Architecture } from './config'
import { parameterShapes } from './parameters'

/** Numbers in [0, 1), one after the other. */
type Uniform = () => number

/** A fresh state dict of 19 classes; equal streams of numbers give equal ones. */
export function initialStateDict(arch: Architecture, uniform: Uniform): Map<string, Tensor> {
  const stateDict = new Map<string, Tensor>()
  for (const [name, shape] of parameterShapes(arch))
    stateDict.set(name, tensor('float32', shape, drawn(name, shape, uniform)))

  // What checkpoints hold beside what the network reads.
  for (const [name, { shape }] of [...stateDict]) {
    if (name.endsWith('.running_var')) {
      stateDict.set(
        name.replace(/running_var$/, 'num_batches_tracked'),
        tensor('int64', [], new BigInt64Array(1)),
      )
    }
    if (name.endsWith('.relative_position_bias_table') || name.endsWith('.relative_coords_table')) {
      const places = name.endsWith('_bias_table') ? (shape[0] ?? 0) : (shape[1] ?? 0) ** 2
      const index = relativePositionIndex((Math.sqrt(places) + 1) / 2)
      const data = BigInt64Array.from(index, BigInt)
      stateDict.set(
        name.replace(/relative_\w+$/, 'relative_position_index'),
        tensor('int64', [data.length], data),
      )
    }
  }
  if (arch.startsWith('swin')) {
    const [, channels = 0] = stateDict.get('linear_c.3.proj.weight')?.shape ?? []
    for (const [part, value] of [['weight', 1], ['bias', 0]] as const) {
      stateDict.set(`backbone.1.${part}`, tensor('float32', [channels], new Float32Array(channels).fill(value)))
    }
  } // prettier-ignore
  return stateDict
}

function drawn(name: string, shape: readonly number[], uniform: Uniform): Float32Array {
  const last = name.slice(name.lastIndexOf('.') + 1)
  const fill = (make: () => number) => Float32Array.from({ length: elementCount(shape) }, make)
  const normal = (deviation: number) =>
    fill(() => deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()))
  const [out = 1, perGroup = 1, ...kernel] = shape
  const area = elementCount(kernel)

  switch (last) {
    case 'layer_scale':
      return fill(() => 1e-6)
    case 'logit_scale':
      return fill(() => Math.log(10))
    case 'running_mean':
      return fill(() => 0)
    case 'running_var':
      return fill(() => 1)
    case 'positional_encoding_gaussian_matrix':
      return normal(1)
    case 'relative_position_bias_table':
      return normal(0.02)
    case 'relative_coords_table':
      return coordsTable(shape[1] ?? 0)
    default:
  }
  if (name.includes('_token.')) return normal(1)
  const isNorm = shape.length === 1 && last === 'weight'
  if (isNorm) return fill(() => 1)
  if (name.startsWith('backbone.')) {
    if (last === 'bias') return fill(() => 0)
    // A depthwise kernel sees one channel: what goes out of it is its area.
    return shape.length === 4 ? normal(Math.sqrt(2 / ((perGroup === 1 ? 1 : out) * area))) : normal(0.02)
  }
  const bound = last === 'bias' ? 0.05 : 1 / Math.sqrt(perGroup * area)
  return fill(() => (2 * uniform() - 1) * bound)
}

/** SwinV2's relative positions [1, reach, reach, 2], logarithmic: sign(d) log₂(1 + 8 |d|) / log₂ 8 of d from -1 to 1. */
function coordsTable(reach: number): Float32Array {
  const axis = Array.from({ length: reach }, (_, i) => {
    const distance = 8 * ((2 * i) / (reach - 1) - 1)
    return (Math.sign(distance) * Math.log2(1 + Math.abs(distance))) / 3
  })
  return Float32Array.from(axis.flatMap((y) => axis.flatMap((x) => [y, x])))
}
