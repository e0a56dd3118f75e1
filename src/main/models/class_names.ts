/** @file Class names of others as ours: the `id2label` that Hugging Face keeps beside an exported network. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { CLASS_NAMES, CLASS_ORDERS, type Channel, type ClassName } from '../../shared/labels'

const config = z.object({ id2label: z.record(z.string().regex(/^\d+$/), z.string()) })

/** Of a face parser's classes, so many at least have names that we know. */
const MIN_KNOWN = 5

/** Other words for our classes. */
const ALIASES: Readonly<Record<string, ClassName>> = {
  bg: 'background',
  face: 'skin',
  glasses: 'eye_g',
  eyeglasses: 'eye_g',
  left_eye: 'l_eye',
  right_eye: 'r_eye',
  left_brow: 'l_brow',
  right_brow: 'r_brow',
  left_eyebrow: 'l_brow',
  right_eyebrow: 'r_brow',
  left_ear: 'l_ear',
  right_ear: 'r_ear',
  earring: 'ear_r',
  necklace: 'neck_l',
  inner_mouth: 'mouth',
  upper_lip: 'u_lip',
  lower_lip: 'l_lip',
  clothes: 'cloth',
  clothing: 'cloth',
}

/**
 * What jonathandinu/face-parsing said of its classes until commit 373bfce (January 2024), and copies still say. The network's
 * classes have MaskGAN's order all the same.
 */
const WRONG_LABELS = [
  'background', 'skin', 'nose', 'r_eye', 'l_eye', 'r_brow', 'l_brow', 'r_ear', 'l_ear', 'mouth', 'u_lip', 'l_lip',
  'neck', 'hair', 'neck_l', 'cloth', 'eye_g', 'hat', 'ear_r',
] // prettier-ignore

/**
 * The classes that `config.json` beside an ONNX file, or in the folder above, names; null where there is none. Throws
 * `model/unsupported` where they are no parts of a face.
 */
export async function namedClasses(file: string): Promise<readonly Channel[] | null> {
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => null)
    const names = text === null ? null : labelsOf(text)
    if (names) return classesOf(file, names)
  }
  return null
}

function labelsOf(text: string): string[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const parsed = config.safeParse(value)
  if (!parsed.success) return null
  const { id2label } = parsed.data
  return Object.keys(id2label).map((_, id) => id2label[id] ?? '')
}

function classesOf(file: string, names: readonly string[]): readonly Channel[] {
  const isWrong = names[1] === 'skin.png' || WRONG_LABELS.every((label, id) => names[id] === label)
  if (isWrong && names.length === WRONG_LABELS.length) return CLASS_ORDERS.maskgan
  const channels = names.map(classNamed)
  // A few words in common do not make a face parser.
  if (channels.includes('skin') && channels.filter((name) => name !== null).length >= MIN_KNOWN)
    return channels
  throw new FacetError(
    'model/unsupported',
    `config.json beside ${file} names its classes ${names.slice(0, 3).join(', ')}, …, which are no parts of a face; is it a model for another task?`,
    { file },
  )
}

function classNamed(label: string): Channel {
  const word = label
    .toLowerCase()
    .replace(/\.png$/, '')
    .trim()
    .replace(/[\s-]+/g, '_')
  return (
    CLASS_NAMES.find((name) => name === word) ??
    (Object.hasOwn(ALIASES, word) ? (ALIASES[word] ?? null) : null)
  )
}
