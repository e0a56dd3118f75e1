/** @file What stands before and behind the network: bytes to input, logits to labels, each against plain arithmetic. */
import { describe, expect, it } from 'vitest'
import { labelsAt, normalise } from '../../../src/main/segface/preprocess'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Neg } from '../../../src/main/onnx/ops/elementwise'
import { buildHead, endIn } from '../../../src/main/segface/postprocess'
import { expectAllClose } from '../../helpers/allclose'
import { noise } from '../../helpers/named_tensors'
import { runOne } from '../../helpers/run_graph'

/** F.interpolate(mode='bilinear', align_corners=False) of one plane, written out. */
function bilinear(plane: Float32Array, side: number, height: number, width: number): Float64Array {
  const place = (index: number, size: number) => {
    const at = Math.max(0, ((index + 0.5) * side) / size - 0.5)
    const low = Math.min(Math.floor(at), side - 1)
    return { low, high: Math.min(low + 1, side - 1), part: at - low }
  }
  return Float64Array.from({ length: height * width }, (_, i) => {
    const y = place(Math.floor(i / width), height)
    const x = place(i % width, width)
    const row = (r: number) =>
      (plane[r * side + x.low] as number) * (1 - x.part) + (plane[r * side + x.high] as number) * x.part
    return row(y.low) * (1 - y.part) + row(y.high) * y.part
  })
}

describe('normalise', () => {
  it('gives planes by the ImageNet constants', () => {
    expectAllClose(
      normalise(Uint8Array.of(0, 0, 0, 255, 255, 255, 128, 64, 32)),
      [
        ...[-2.117904, 2.2489083, 0.0740646],
        ...[-2.0357141, 2.4285715, -0.9152661],
        ...[-1.8044444, 2.64, -1.2467102],
      ],
      { atol: 1e-6 },
    )
  })

  it('refuses bytes that are not pixels', () => {
    expect(() => normalise(new Uint8Array(4))).toThrow('4 bytes')
  })
})

describe('labelsAt', () => {
  const map = (width: number, height: number) => ({
    width,
    height,
    labels: Uint8Array.from({ length: width * height }, (_, i) => i),
  })

  // Pillow 13: Image.fromarray(arange(16).reshape(4, 4)).resize((2, 2), NEAREST), and so on.
  it.each([
    [4, 4, 2, [5, 7, 13, 15]],
    [2, 2, 4, [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]],
    [3, 3, 2, [0, 2, 6, 8]],
    [5, 2, 3, [0, 2, 4, 5, 7, 9, 5, 7, 9]],
  ])('takes the label under the centre: %i x %i to %i', (width, height, side, expected) => {
    expect([...labelsAt(map(width, height), side)]).toEqual(expected)
  })

  it('leaves a map of that size as it is', () => {
    const own = map(3, 3)
    expect(labelsAt(own, 3)).toBe(own.labels)
  })
})

describe.each(['labels', 'confidence'] as const)('a network that ends in %s', (ending) => {
  it.each([
    [16, 16],
    [32, 32],
    [41, 23],
    [7, 9],
  ])('gives each picture of a batch what the head would, %i x %i', async (height, width) => {
    const shape = [2, 5, 16, 16]
    const g = new GraphBuilder('network')
    g.output('logits', Neg(g, Neg(g, g.input('image', 'float32', shape))))
    const image = Float32Array.from(noise('image', 2 * 5 * 16 * 16))
    const network = endIn(ending, g.finish())
    const labels = await runOne(network, { image, grid: Int32Array.of(height, width) })
    const half = image.length / 2
    const alone = [image.subarray(0, half), image.subarray(half)].map((logits) =>
      runOne(buildHead({ ending, shape: [1, 5, 16, 16], height, width }), { logits }),
    )
    expect([...labels]).toEqual((await Promise.all(alone)).flatMap((each) => [...each]))
  })
})

describe('the label head', () => {
  const classes = 19
  it.each([
    [16, 16, 16],
    [16, 32, 32],
    [16, 41, 23],
    [16, 7, 9],
  ])('labels %i as %i x %i', async (resolution, height, width) => {
    const logits = Float32Array.from(noise('logits', classes * resolution ** 2))
    const size = resolution ** 2
    const planes = Array.from({ length: classes }, (_, c) =>
      bilinear(logits.subarray(c * size, (c + 1) * size), resolution, height, width),
    )
    const labels = await runOne(
      buildHead({ ending: 'labels', shape: [1, classes, resolution, resolution], height, width }),
      { logits },
    )
    expect(labels).toBeInstanceOf(Uint8Array)
    expect(labels).toHaveLength(height * width)
    labels.forEach((label, pixel) => {
      const best = Math.max(...planes.map((plane) => plane[pixel] as number))
      // The label's own logit is the greatest, but for rounding.
      expect(planes[Number(label)]?.[pixel]).toBeGreaterThan(best - 1e-5)
    })
  })

  it('gives a tie to the first class', async () => {
    const logits = new Float32Array(3 * 4)
    const labels = await runOne(buildHead({ ending: 'labels', shape: [1, 3, 2, 2], height: 2, width: 2 }), {
      logits,
    })
    expect([...labels]).toEqual([0, 0, 0, 0])
  })
})

describe('the confidence head', () => {
  it('gives the share that softmax gives the greatest logit, however large logits are', async () => {
    const [classes, side] = [7, 8]
    const logits = Float32Array.from(
      noise('confidence', classes * side ** 2),
      (u, i) => (i % 3 === 0 ? 200 : 4) * u,
    )
    const found = await runOne(
      buildHead({ ending: 'confidence', shape: [1, classes, side, side], height: side, width: side }),
      { logits },
    )
    expect(found).toBeInstanceOf(Uint8Array)
    found.forEach((confidence, pixel) => {
      const each = Array.from({ length: classes }, (_, c) => logits[c * side ** 2 + pixel] as number)
      const best = Math.max(...each)
      const share = 1 / each.reduce((sum, x) => sum + Math.exp(x - best), 0)
      expect(Math.abs(Number(confidence) - 255 * share)).toBeLessThanOrEqual(0.501)
    })
  })
})
