/** @file SegFace's architectures by their `--model` names, and which of them a state dict is, told by names and shapes alone. */
import { FacetError } from '../../shared/errors'

/**
 * The networks there are. `--model convnext_tiny` is not among them: the published code builds convnext_small's network
 * for it, so that is what its checkpoints are.
 */
export const ARCHITECTURES = [
  'swin_base',
  'swinv2_base',
  'swinv2_small',
  'swinv2_tiny',
  'convnext_base',
  'convnext_small',
  'mobilenet',
  'efficientnet',
  'resnet',
] as const
export type Architecture = (typeof ARCHITECTURES)[number]

/** The network that SegFace builds for the `--model` name; null for no name of its. */
export function architectureOf(name: string): Architecture | null {
  return ARCHITECTURES.find((arch) => arch === (name === 'convnext_tiny' ? 'convnext_small' : name)) ?? null
}

export interface SegFaceConfig {
  readonly arch: Architecture
  /** 19 for CelebAMask-HQ, 11 for LaPa or Helen, whose checkpoints cannot be told apart. */
  readonly classes: 19 | 11
}

/**
 * The class tokens by the number of classes, in the order of the class numbers. Their left and right are the image's, those of
 * our classes the person's.
 */
export const CLASS_TOKENS: Readonly<Record<SegFaceConfig['classes'], readonly string[]>> = {
  19: [
    'background', 'neck', 'face', 'cloth', 'rightear', 'leftear', 'rightbro', 'leftbro', 'righteye', 'lefteye',
    'nose', 'innermouth', 'lowerlip', 'upperlip', 'hair', 'glass', 'hat', 'earring', 'necklace',
  ],
  11: [
    'background', 'face', 'rightbro', 'leftbro', 'righteye', 'lefteye', 'nose', 'upperlip', 'innermouth', 'lowerlip',
    'hair',
  ],
} // prettier-ignore

/** What recognition needs of a state dict: which tensors there are, and their shapes. */
export type TensorShapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** The decoder's last class token in the 19-class order; 11-class checkpoints lack it. */
const CELEB_TOKEN = 'face_decoder.necklace_token.weight'
const ANY_TOKEN = 'face_decoder.background_token.weight'
/** Face parsers of others, which Facet runs as ONNX files, by how their first tensor is called. */
const OTHERS = [
  { prefix: 'cp.resnet.', name: 'BiSeNet (zllrunning)' },
  { prefix: 'fpn.backbone.', name: 'BiSeNet (yakhyo)' },
  { prefix: 'segformer.encoder.', name: 'SegFormer' },
] as const

const RE_TOKEN = /^face_decoder\.(\w+)_token\.weight$/

/**
 * The architecture and class count of a SegFace state dict. `file` names the source in messages.
 * Throws `model/unsupported` for anything that is not SegFace.
 */
export function recognise(tensors: TensorShapes, file = 'the checkpoint'): SegFaceConfig {
  const arch = recogniseBackbone(tensors)
  if (arch === undefined || !tensors.has(ANY_TOKEN)) {
    const [first = 'nothing'] = tensors.keys()
    const other = OTHERS.find(({ prefix }) => first.startsWith(prefix))
    const hint = other
      ? ` It is a ${other.name}: export it with torch.onnx.export and import the ONNX file.`
      : ''
    throw new FacetError(
      'model/unsupported',
      `${file} is not a SegFace checkpoint: its ${tensors.size} tensors (the first is '${first}') fit none of SegFace's networks.${hint}`,
      { file, tensors: tensors.size },
    )
  }
  return { arch, classes: tensors.has(CELEB_TOKEN) ? 19 : 11 }
}

/**
 * The class tokens of a state dict in the order of its classes. PyTorch writes tensors in the order in which a network declares
 * them, and SegFace declares its tokens in the order of their classes; a file that was sorted by name has lost that order. Of the
 * networks of 19 classes the names are published too. Throws `model/unsupported` for another number of classes.
 */
export function classTokens(tensors: TensorShapes): readonly string[] {
  const { arch, classes } = recognise(tensors)
  const known = CLASS_TOKENS[classes]
  const tokens = tokensOf(tensors)
  if (tokens.length > classes) {
    throw new FacetError(
      'model/unsupported',
      `The checkpoint is a SegFace network of ${tokens.length} classes (${tokens.join(', ')}); Facet knows those of 19, trained on CelebAMask-HQ, and of 11, trained on LaPa or Helen.`,
      { arch, classes: tokens.length },
    )
  }
  const isPublished = classes === 19 && tokens.every((token) => known.includes(token))
  return isPublished || tokens.length < classes || isSorted(tokens) ? known : tokens
}

function tokensOf(tensors: TensorShapes): string[] {
  return [...tensors.keys()].flatMap((name) => RE_TOKEN.exec(name)?.[1] ?? [])
}

function isSorted(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)
}

function recogniseBackbone(tensors: TensorShapes): Architecture | undefined {
  const shape = (name: string) => tensors.get(name)?.shape.join()
  const width = tensors.get('backbone.0.0.0.weight')?.shape[0]

  if (shape('backbone.0.0.weight') === '16,3,3,3') return 'mobilenet'
  if (shape('backbone.0.0.weight') === '24,3,3,3') return 'efficientnet'
  if (shape('backbone.0.weight') === '64,3,7,7') return 'resnet'
  if (tensors.has('backbone.0.1.0.layer_scale')) {
    return width === 128 ? 'convnext_base' : width === 96 ? 'convnext_small' : undefined
  }
  if (tensors.has('backbone.0.1.0.attn.logit_scale')) {
    // Base and small are 18 blocks deep in the third stage, tiny 6.
    if (width === 128) return 'swinv2_base'
    if (width === 96) return tensors.has('backbone.0.5.17.attn.logit_scale') ? 'swinv2_small' : 'swinv2_tiny'
    return undefined
  }
  if (tensors.has('backbone.0.1.0.attn.relative_position_bias_table') && width === 128) return 'swin_base'
  return undefined
}
