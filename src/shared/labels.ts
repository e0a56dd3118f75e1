/**
 * @file The 19 classes of CelebAMask-HQ, stated once: SegFace's numbers, names, colours, painting orders, left/right pairs, and
 * the orders in which published networks give them.
 * Left and right are the person's own. `ear_r` is an earring, `neck_l` a necklace, `u_lip`/`l_lip` upper and lower lip,
 * `mouth` the inner mouth, `eye_g` glasses.
 */

/** SegFace's class numbers are the positions in this list (datasets/celebamask_hq.py of Kartik-3004/SegFace). */
export const CLASS_NAMES = [
  'background', 'neck', 'skin', 'cloth', 'l_ear', 'r_ear', 'l_brow', 'r_brow', 'l_eye', 'r_eye',
  'nose', 'mouth', 'l_lip', 'u_lip', 'hair', 'eye_g', 'hat', 'ear_r', 'neck_l',
] as const // prettier-ignore

export type ClassName = (typeof CLASS_NAMES)[number]
export type PartName = Exclude<ClassName, 'background'>

/** The 18 parts; part `p` (0..17) is SegFace's class `p + 1` and bit `p` of a pixel. */
export const PART_NAMES = CLASS_NAMES.slice(1) as readonly PartName[]
export const PART_COUNT = 18
/** All 18 part bits set. */
export const ALL_PARTS = (1 << PART_COUNT) - 1

/** Part index 0..17 by name. */
export const PART_INDEX = Object.fromEntries(PART_NAMES.map((name, index) => [name, index])) as Readonly<
  Record<PartName, number>
>

export function isPartName(name: string): name is PartName {
  return Object.hasOwn(PART_INDEX, name)
}

/** CelebAMask-HQ's palette (g_color.py of switchablenorms/CelebAMask-HQ) by class name, sRGB 0..255. */
export const COLOURS: Readonly<Record<ClassName, readonly [number, number, number]>> = {
  background: [0, 0, 0],
  skin: [204, 0, 0],
  nose: [76, 153, 0],
  eye_g: [204, 204, 0],
  l_eye: [51, 51, 255],
  r_eye: [204, 0, 204],
  l_brow: [0, 255, 255],
  r_brow: [255, 204, 204],
  l_ear: [102, 51, 0],
  r_ear: [255, 0, 0],
  mouth: [102, 204, 0],
  u_lip: [255, 255, 0],
  l_lip: [0, 0, 153],
  hair: [0, 0, 204],
  hat: [255, 51, 153],
  ear_r: [0, 204, 204],
  neck_l: [0, 51, 0],
  neck: [255, 153, 51],
  cloth: [0, 204, 0],
}

export const PAINT_ORDER_NAMES = ['segface', 'maskgan', 'zllrunning'] as const
export type PaintOrder = (typeof PAINT_ORDER_NAMES)[number]

/** Painting orders: later parts cover earlier ones when 18 overlapping masks become one class per pixel. */
export const PAINT_ORDERS: Readonly<Record<PaintOrder, readonly PartName[]>> = {
  segface: PART_NAMES,
  maskgan: [
    'skin', 'nose', 'eye_g', 'l_eye', 'r_eye', 'l_brow', 'r_brow', 'l_ear', 'r_ear', 'mouth', 'u_lip', 'l_lip',
    'hair', 'hat', 'ear_r', 'neck_l', 'neck', 'cloth',
  ],
  zllrunning: [
    'skin', 'l_brow', 'r_brow', 'l_eye', 'r_eye', 'eye_g', 'l_ear', 'r_ear', 'ear_r', 'nose', 'mouth', 'u_lip',
    'l_lip', 'neck', 'neck_l', 'cloth', 'hair', 'hat',
  ],
} // prettier-ignore

/** Parts that change places when a face is mirrored; the lips are upper and lower, so they do not. */
export const MIRROR_PAIRS: readonly (readonly [PartName, PartName])[] = [
  ['l_ear', 'r_ear'],
  ['l_brow', 'r_brow'],
  ['l_eye', 'r_eye'],
]

/** What a channel of a network's logits stands for: a class, or null where it is none of ours. */
export type Channel = ClassName | null

export const CLASS_ORDER_NAMES = ['segface', 'maskgan', 'zllrunning', 'lapa'] as const
export type ClassOrder = (typeof CLASS_ORDER_NAMES)[number]

/**
 * The class of each channel of published networks. MaskGAN and zllrunning paint in the order of their class numbers.
 * `segface` is also FaRL's celebm, `maskgan` also jonathandinu's SegFormer and DML-CSR, `zllrunning` also yakhyo's BiSeNet;
 * `lapa` is LaPa's and Helen's, where skin holds the ears and the rest of a person is background.
 */
export const CLASS_ORDERS: Readonly<Record<ClassOrder, readonly ClassName[]>> = {
  segface: CLASS_NAMES,
  maskgan: ['background', ...PAINT_ORDERS.maskgan],
  zllrunning: ['background', ...PAINT_ORDERS.zllrunning],
  lapa: [
    'background', 'skin', 'l_brow', 'r_brow', 'l_eye', 'r_eye', 'nose', 'u_lip', 'mouth', 'l_lip', 'hair',
  ],
} // prettier-ignore

/** Names of the parts whose bits are set, in PART_NAMES' order. */
export function namesOf(bits: number): PartName[] {
  return PART_NAMES.filter((_name, part) => (bits >>> part) & 1)
}

/** Bits of the parts that a network with these channels can make. */
export function partsOf(channels: readonly Channel[]): number {
  return channels.reduce(
    (bits, channel) =>
      channel === null || channel === 'background' ? bits : bits | (1 << PART_INDEX[channel]),
    0,
  )
}
