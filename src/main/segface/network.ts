/** @file A whole SegFace network as an ONNX graph, from a checkpoint's tensors to logits at the picture's resolution. */
import { assertNever } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import type { Graph, Value } from '../onnx/graph'
import { GraphBuilder } from '../onnx/graph'
import { Resize } from '../onnx/ops/conv'
import { convnext } from './backbones/convnext'
import { efficientnet } from './backbones/efficientnet'
import { mobilenet } from './backbones/mobilenet'
import { resnet } from './backbones/resnet'
import { swin } from './backbones/swin'
import { swinV2 } from './backbones/swin_v2'
import type { Architecture } from './config'
import { CLASS_TOKENS, classTokens, recognise } from './config'
import { decodeMasks, fuseTaps } from './decoder'
import type { NetworkContext } from './layers'
import type { StateDict } from './weights'
import { constantParameters } from './weights'

export interface NetworkOptions {
  /** Side of the square picture in pixels. */
  readonly resolution: number
  /** Pictures at once; 1 if left out. */
  readonly batch?: number
  /** Also gives `feature0` … `feature3` (the backbone's taps) and `fused`: for comparing with other implementations. */
  readonly taps?: boolean
}

/** Every backbone halves the picture five times: a smaller one would leave less than a pixel. */
const MIN_RESOLUTION = 32
/** Beyond this a single tensor passes half a gigabyte, which an Electron process cannot allocate. */
const MAX_RESOLUTION = 2048

/**
 * The graph of a SegFace state dict: input `image`, normalised float32 [N, 3, R, R]; output `logits`, float32 [N, C, R, R]
 * in the order of the state dict's C classes (`CLASS_ORDERS.segface` for 19, `lapa` for 11). Throws `model/unsupported` for what is
 * no SegFace, `checkpoint/missing-tensor` where a tensor is absent or mis-shaped, `usage` for a resolution out of range.
 */
export function buildSegFace(stateDict: StateDict, options: NetworkOptions): Graph {
  const { resolution, batch = 1, taps: wanted = false } = options
  const { arch } = recognise(stateDict)
  requireResolution(resolution)
  const g = new GraphBuilder(`segface_${arch}`)
  const context = { g, parameter: constantParameters(g, stateDict) }
  const image = g.input('image', 'float32', [batch, 3, resolution, resolution])
  const taps = backbone(context, arch, image)
  const fused = fuseTaps(context, taps)
  g.output('logits', headLogits(context, fused, resolution, classTokens(stateDict)))
  if (wanted) {
    taps.forEach((tap, index) => g.output(`feature${index}`, tap))
    g.output('fused', fused)
  }
  return g.finish()
}

/**
 * The backbone alone: input `image`, normalised float32 [N, 3, R, R]; outputs `feature0` … `feature3`, the taps, the largest
 * first. Throws as `buildSegFace` does.
 */
export function buildTaps(stateDict: StateDict, options: Omit<NetworkOptions, 'taps'>): Graph {
  const { resolution, batch = 1 } = options
  const { arch } = recognise(stateDict)
  requireResolution(resolution)
  const g = new GraphBuilder(`segface_${arch}_taps`)
  const context = { g, parameter: constantParameters(g, stateDict) }
  const image = g.input('image', 'float32', [batch, 3, resolution, resolution])
  backbone(context, arch, image).forEach((tap, index) => g.output(`feature${index}`, tap))
  return g.finish()
}

/** Throws `usage` for a side that no network of SegFace runs at. */
export function requireResolution(resolution: number): void {
  if (Number.isInteger(resolution) && resolution >= MIN_RESOLUTION && resolution <= MAX_RESOLUTION) return
  throw new FacetError(
    'usage',
    `SegFace runs at resolutions from ${MIN_RESOLUTION} to ${MAX_RESOLUTION} pixels, not ${resolution}.`,
    { resolution },
  )
}

/** The four feature maps that SegFace takes from a backbone, the largest first, each [N, C, h, w]. */
export function backbone(context: NetworkContext, arch: Architecture, image: Value): readonly Value[] {
  switch (arch) {
    case 'swin_base':
      return swin(context, image)
    case 'swinv2_base':
    case 'swinv2_small':
    case 'swinv2_tiny':
      return swinV2(context, image, arch)
    case 'convnext_base':
    case 'convnext_small':
      return convnext(context, image, arch)
    case 'mobilenet':
      return mobilenet(context, image)
    case 'efficientnet':
      return efficientnet(context, image)
    case 'resnet':
      return resnet(context, image)
    default:
      return assertNever(arch)
  }
}

/** Logits [N, C, R, R] from the fused map; masks come at four times its size, which is R where 4 divides R. */
export function headLogits(
  context: NetworkContext,
  fused: Value,
  resolution: number,
  tokens: readonly string[] = CLASS_TOKENS[19],
): Value {
  const masks = decodeMasks(context, fused, tokens)
  const [, , height, width] = masks.shape
  return height === resolution && width === resolution
    ? masks
    : Resize(context.g, masks, [resolution, resolution])
}
