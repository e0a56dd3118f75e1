/** @file PyTorch's layers as torch.onnx.export writes them: one operator after the other, nothing folded but constants. */
import { at } from '../../../src/shared/assert'
import { tensor, toFloat32 } from '../../../src/main/base/tensor'
import type { Value } from '../../../src/main/onnx/graph'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import type { ConvOptions } from '../../../src/main/onnx/ops/conv'
import { Conv } from '../../../src/main/onnx/ops/conv'
import { Add } from '../../../src/main/onnx/ops/elementwise'
import { MatMul } from '../../../src/main/onnx/ops/linear'
import { LayerNormalization } from '../../../src/main/onnx/ops/norm'
import { Transpose } from '../../../src/main/onnx/ops/shape'
import type { NetworkContext } from '../../../src/main/segface/layers'
import type { StateDict } from '../../../src/main/segface/weights'
import { constantParameters, requireTensor } from '../../../src/main/segface/weights'

/** What a literal network writes itself with; it may hand it to a part of ours that an exporter would write no other way. */
export interface Literal extends NetworkContext {
  /** The matrix [out, in] of a linear layer as the exporter stores it: transposed. */
  readonly matrix: (name: string, out: number, inFeatures: number) => Value
}

export function literalContext(name: string, stateDict: StateDict): Literal {
  const g = new GraphBuilder(name)
  const made = new Map<string, Value>()
  return {
    g,
    parameter: constantParameters(g, stateDict),
    matrix: (key, out, inFeatures) => {
      const known = made.get(key)
      if (known !== undefined) return known
      const rows = toFloat32(requireTensor(stateDict, key, [out, inFeatures]))
      const columns = new Float32Array(rows.length)
      for (let i = 0; i < rows.length; i++)
        columns[(i % inFeatures) * out + Math.floor(i / inFeatures)] = rows[i] as number
      const value = g.initializer(`${key}.transposed`, tensor('float32', [inFeatures, out], columns))
      made.set(key, value)
      return value
    },
  }
}

/** nn.Linear on the last axis. */
export function linear(
  { g, parameter, matrix }: Literal,
  x: Value,
  name: string,
  out: number,
  bias = true,
): Value {
  const product = MatMul(g, x, matrix(`${name}.weight`, out, at(x.shape, x.shape.length - 1)))
  return bias ? Add(g, product, parameter(`${name}.bias`, [out])) : product
}

/** nn.LayerNorm over the last axis. */
export function layerNorm({ g, parameter }: Literal, x: Value, name: string, epsilon: number): Value {
  const features = [at(x.shape, x.shape.length - 1)]
  return LayerNormalization(
    g,
    x,
    parameter(`${name}.weight`, features),
    parameter(`${name}.bias`, features),
    { epsilon },
  )
}

/** nn.Conv2d with a bias. */
export function conv2d(
  { g, parameter }: Literal,
  x: Value,
  name: string,
  out: number,
  kernel: number,
  options: ConvOptions = {},
): Value {
  const shape = [out, at(x.shape, 1) / (options.group ?? 1), kernel, kernel]
  return Conv(g, x, parameter(`${name}.weight`, shape), parameter(`${name}.bias`, [out]), options)
}

/** [N, H, W, C] as [N, C, H, W], and back. */
export const channelsFirst = ({ g }: Literal, x: Value): Value => Transpose(g, x, [0, 3, 1, 2])
export const channelsLast = ({ g }: Literal, x: Value): Value => Transpose(g, x, [0, 2, 3, 1])
