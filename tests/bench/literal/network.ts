/**
 * @file The published SegFace networks transcribed literally, as torch.onnx.export writes them: what ours is measured against.
 * Held against PyTorch 2.13's own export when it was written: the same operators on the same shapes but for constants.
 */
import type { Graph, Value } from '../../../src/main/onnx/graph'
import type { Architecture } from '../../../src/main/segface/config'
import { recognise } from '../../../src/main/segface/config'
import { backbone, buildTaps } from '../../../src/main/segface/network'
import type { StateDict } from '../../../src/main/segface/weights'
import { literalConvNeXt } from './convnext'
import { literalHead } from './decoder'
import type { Literal } from './layers'
import { literalContext } from './layers'
import { literalSwin } from './swin'

/** The graph from `image` [1, 3, R, R] to `logits` [1, 19, R, R], as `buildSegFace`'s. */
export function buildLiteral(stateDict: StateDict, resolution: number): Graph {
  const { arch } = recognise(stateDict)
  const context = literalContext(`literal_${arch}`, stateDict)
  const image = context.g.input('image', 'float32', [1, 3, resolution, resolution])
  context.g.output('logits', literalHead(context, literalTaps(context, arch, image), resolution))
  return context.g.finish()
}

/** The decoder of that graph alone, from the taps, by the names and shapes of `buildTaps`' outputs. */
export function buildLiteralDecoder(stateDict: StateDict, resolution: number): Graph {
  const context = literalContext('literal_decoder', stateDict)
  const { outputs } = buildTaps(stateDict, { resolution })
  const taps = outputs.map(({ name, shape }) => context.g.input(name, 'float32', shape))
  context.g.output('logits', literalHead(context, taps, resolution))
  return context.g.finish()
}

function literalTaps(context: Literal, arch: Architecture, image: Value): readonly Value[] {
  switch (arch) {
    case 'convnext_base':
      return literalConvNeXt(context, image, 128)
    case 'convnext_small':
      return literalConvNeXt(context, image, 96)
    case 'swin_base':
      return literalSwin(context, image, { version: 1, channels: 128, depths: [2, 2, 18, 2], window: 7 })
    case 'swinv2_base':
      return literalSwin(context, image, { version: 2, channels: 128, depths: [2, 2, 18, 2], window: 8 })
    case 'swinv2_small':
      return literalSwin(context, image, { version: 2, channels: 96, depths: [2, 2, 18, 2], window: 8 })
    case 'swinv2_tiny':
      return literalSwin(context, image, { version: 2, channels: 96, depths: [2, 2, 6, 2], window: 8 })
    case 'mobilenet':
    case 'efficientnet':
    case 'resnet':
      // Convolutions and their batch norms, which an exporter folds too: there is no other way to write them.
      return backbone(context, arch, image)
  }
}
