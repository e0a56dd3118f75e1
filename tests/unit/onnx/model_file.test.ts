/** @file Model files: round trips, files as other tools write them, and files that lie. */
import { describe, expect, it } from 'vitest'
import { FacetError } from '../../../src/shared/errors'
import { tensor } from '../../../src/main/base/tensor'
import { decodeModel, describeModel } from '../../../src/main/onnx/decode'
import { encodeModel } from '../../../src/main/onnx/encode'
import type { Graph } from '../../../src/main/onnx/graph'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Conv, Resize } from '../../../src/main/onnx/ops/conv'
import { Add, Cast, Clip, Relu } from '../../../src/main/onnx/ops/elementwise'
import { printGraph } from '../../../src/main/onnx/print'
import { FIELD } from '../../../src/main/onnx/schema'
import { MessageWriter, readFields } from '../../../src/main/onnx/wire'

function sample(): Graph {
  const g = new GraphBuilder('sample')
  const x = g.input('x', 'float32', [1, 2, 4, 4])
  const weights = Float32Array.from({ length: 6 }, (_, i) => i / 3)
  const w = g.initializer('w', tensor('float32', [3, 2, 1, 1], weights))
  const half = g.initializer('half', tensor('float16', [2], Uint16Array.of(0x3c00, 0xc000)))
  g.output('y', Clip(g, Resize(g, Conv(g, x, w, null, { pads: [0, 0, 1, 1] }), [7, 9]), -1, 1))
  g.output('h', Cast(g, half, 'float32'))
  return g.finish()
}

/** A ModelProto around one GraphProto, byte by byte. */
function modelFile(graph: (message: MessageWriter) => void, opset = 20): Uint8Array {
  const model = new MessageWriter()
  model.int(FIELD.ModelProto.ir_version, 8)
  model.message(FIELD.ModelProto.opset_import, (m) => m.int(FIELD.OperatorSetIdProto.version, opset))
  model.message(FIELD.ModelProto.graph, graph)
  return model.finish()
}

function writeNode(graph: MessageWriter, opType: string, inputs: readonly string[], output: string): void {
  graph.message(FIELD.GraphProto.node, (node) => {
    for (const input of inputs) node.string(FIELD.NodeProto.input, input)
    node.string(FIELD.NodeProto.output, output)
    node.string(FIELD.NodeProto.op_type, opType)
  })
}

/** A float32 value whose dimensions are numbers or symbols. */
function writeValue(
  graph: MessageWriter,
  field: number,
  name: string,
  dims: readonly (number | string)[],
): void {
  graph.message(field, (value) => {
    value.string(FIELD.ValueInfoProto.name, name)
    value.message(FIELD.ValueInfoProto.type, (type) =>
      type.message(FIELD.TypeProto.tensor_type, (tensorType) => {
        tensorType.int(FIELD.TypeProtoTensor.elem_type, 1)
        tensorType.message(FIELD.TypeProtoTensor.shape, (shape) => {
          for (const dim of dims) {
            shape.message(FIELD.TensorShapeProto.dim, (d) =>
              typeof dim === 'number'
                ? d.int(FIELD.Dimension.dim_value, dim)
                : d.string(FIELD.Dimension.dim_param, dim),
            )
          }
        })
      }),
    )
  })
}

function errorOf(run: () => unknown): FacetError {
  try {
    run()
  } catch (error) {
    if (error instanceof FacetError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a model file', () => {
  it('decodes to the graph that was encoded, element by element', () => {
    const graph = sample()
    const again = decodeModel(encodeModel(graph))
    expect(printGraph(again)).toBe(printGraph(graph))
    expect(again).toEqual(graph)
    expect(encodeModel(again)).toEqual(encodeModel(graph))
  })

  it('carries notes', () => {
    const metadata = new Map([['arch', 'mobilenet'], ['größe', '256']]) // prettier-ignore
    const description = describeModel(encodeModel(sample(), { metadata }))
    expect(description.metadata).toEqual(metadata)
    expect(description).toMatchObject({ irVersion: 9, producer: 'facet', name: 'sample' })
    expect(description.opsets.get('')).toBe(20)
  })

  it('reads typed fields, packed and single, where there is no raw_data', () => {
    const field = FIELD.TensorProto
    const packed = new Uint8Array(Float32Array.of(1.5, -2).buffer)
    const bytes = modelFile((graph) => {
      graph.message(FIELD.GraphProto.initializer, (t) => {
        t.int(field.dims, 2)
        t.int(field.data_type, 1)
        t.string(field.name, 'floats')
        t.bytes(field.float_data, packed)
      })
      graph.message(FIELD.GraphProto.initializer, (t) => {
        t.int(field.dims, 2)
        t.int(field.data_type, 7)
        t.string(field.name, 'longs')
        t.int(field.int64_data, -1)
        t.int(field.int64_data, 2 ** 40)
      })
      graph.message(FIELD.GraphProto.initializer, (t) => {
        t.int(field.dims, 2)
        t.int(field.data_type, 3)
        t.string(field.name, 'bytes')
        t.int(field.int32_data, -7)
        t.int(field.int32_data, 9)
      })
    })
    const { initializers } = decodeModel(bytes)
    expect(initializers.get('floats')?.data).toEqual(Float32Array.of(1.5, -2))
    expect(initializers.get('longs')?.data).toEqual(BigInt64Array.of(-1n, 2n ** 40n))
    expect(initializers.get('bytes')?.data).toEqual(Int8Array.of(-7, 9))
  })

  it('binds symbolic dimensions, and says which is left open', () => {
    const bytes = modelFile((graph) => {
      writeValue(graph, FIELD.GraphProto.input, 'x', ['batch', 3])
      writeNode(graph, 'Relu', ['x'], 'y')
      writeValue(graph, FIELD.GraphProto.output, 'y', ['batch', 3])
    })
    expect(decodeModel(bytes, { batch: 4 }).outputs[0]?.shape).toEqual([4, 3])
    expect(describeModel(bytes).inputs[0]?.shape).toEqual(['batch', 3])
    expect(errorOf(() => decodeModel(bytes)).message).toContain("'batch' of 'x'")
  })

  it('takes Constant nodes as initializers', () => {
    const bytes = modelFile((graph) => {
      writeValue(graph, FIELD.GraphProto.input, 'x', [2, 3])
      graph.message(FIELD.GraphProto.node, (node) => {
        node.string(FIELD.NodeProto.output, 'shape')
        node.string(FIELD.NodeProto.op_type, 'Constant')
        node.message(FIELD.NodeProto.attribute, (attribute) => {
          attribute.string(FIELD.AttributeProto.name, 'value')
          attribute.int(FIELD.AttributeProto.type, 4)
          attribute.message(FIELD.AttributeProto.t, (t) => {
            t.int(FIELD.TensorProto.dims, 1)
            t.int(FIELD.TensorProto.data_type, 7)
            t.int(FIELD.TensorProto.int64_data, 6)
          })
        })
      })
      writeNode(graph, 'Reshape', ['x', 'shape'], 'y')
      writeValue(graph, FIELD.GraphProto.output, 'y', [6])
    })
    expect(decodeModel(bytes).outputs[0]?.shape).toEqual([6])
  })

  it('names an operator that is not known, yet describes the file', () => {
    const bytes = modelFile((graph) => {
      writeValue(graph, FIELD.GraphProto.input, 'x', [1])
      writeNode(graph, 'Wavelet', ['x'], 'y')
    })
    const error = errorOf(() => decodeModel(bytes))
    expect([error.code, error.message]).toEqual(['model/unsupported', expect.stringContaining('Wavelet')])
    expect(describeModel(bytes).nodes[0]?.opType).toBe('Wavelet')
    expect(errorOf(() => decodeModel(modelFile(() => undefined, 11))).message).toContain('opset 11')
  })
})

describe('a model file that lies', () => {
  it('ends in an error wherever it is cut', () => {
    const g = new GraphBuilder()
    g.output('y', Add(g, Relu(g, g.input('x', 'float32', [2])), 1))
    const bytes = encodeModel(g.finish())
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length)
      let text = ''
      try {
        // Cut between two fields it may still be a model, of fewer parts; then it must say so by what it holds.
        text = printGraph(decodeModel(cut))
      } catch (error) {
        expect(error).toBeInstanceOf(FacetError)
      }
      expect(text).not.toBe(printGraph(g.finish()))
    }
  })

  it('survives any changed byte', () => {
    const bytes = encodeModel(sample())
    for (let index = 0; index < bytes.length; index++) {
      const changed = bytes.slice()
      changed[index] = (changed[index] as number) ^ 0xff
      try {
        decodeModel(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(FacetError)
      }
    }
  })

  const tensorFile = (dims: readonly number[], raw: Uint8Array) =>
    modelFile((graph) =>
      graph.message(FIELD.GraphProto.initializer, (t) => {
        for (const dim of dims) t.int(FIELD.TensorProto.dims, dim)
        t.int(FIELD.TensorProto.data_type, 1)
        t.string(FIELD.TensorProto.name, 'w')
        t.bytes(FIELD.TensorProto.raw_data, raw)
      }),
    )

  it.each([
    ['a shape of a petabyte', tensorFile([2 ** 40, 2 ** 10], new Uint8Array(8)), /needs \d+ bytes but has 8/],
    ['a shape beyond counting', tensorFile([2 ** 40, 2 ** 40], new Uint8Array(8)), /has the shape/],
    ['a negative size', tensorFile([-1], new Uint8Array(8)), /has the shape \[-1\]/],
    ['a length past the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f), /may be cut short/],
    ['an endless number', new Uint8Array(20).fill(0x80), /longer than 10 bytes/],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html><html></html>'), /not a readable ONNX model/],
    ['nothing', new Uint8Array(0), /it holds no graph/],
  ])('is refused: %s', (_, bytes, message) => {
    const error = errorOf(() => decodeModel(bytes))
    expect(error.code).toBe('file/malformed')
    expect(error.message).toMatch(message)
  })
})

describe('the wire format', () => {
  it.each([0, 1, 127, 128, 300, 2 ** 31, Number.MAX_SAFE_INTEGER, -1, -300, Number.MIN_SAFE_INTEGER])(
    'carries the integer %i',
    (value) => {
      const message = new MessageWriter()
      message.int(3, value)
      expect([...readFields(message.finish())].map((field) => [field.number, field.int()])).toEqual([
        [3, value],
      ])
    },
  )

  it('writes the example of the specification', () => {
    const message = new MessageWriter()
    message.int(1, 150)
    expect([...message.finish()]).toEqual([0x08, 0x96, 0x01])
  })
})
