/**
 * @file Does a label map look like a face? What a wrong class order, colour order or normalisation makes of one: an upper lip below
 * the lower one, eyes on each other's side, skin at the edge.
 */
import { CLASS_NAMES, type ClassName } from './labels'

export const HINTS = [
  'empty',
  'no-skin',
  'skin-off-centre',
  'eyes-swapped',
  'lips-swapped',
  'upside-down',
] as const
export type Hint = (typeof HINTS)[number]

/** In a portrait the skin's centre of gravity lies in the middle half of the picture, both ways. */
const MIDDLE = [0.25, 0.75] as const
/** Parts of fewer pixels than this share of the picture say nothing of where they are. */
const MIN_SHARE = 2e-4

interface Place {
  readonly share: number
  /** Centre of gravity, 0..1 from the left and from the top. */
  readonly x: number
  readonly y: number
}

/** What speaks against `labels` (SegFace's numbers, row-major) being the parts of one upright face; empty where nothing does. */
export function hintsOf(labels: Uint8Array, width: number, height: number): Hint[] {
  const places = placesOf(labels, width, height)
  const seen = (name: ClassName): Place | null => {
    const place = places.get(name)
    return place && place.share >= MIN_SHARE ? place : null
  }
  const below = (a: ClassName, b: ClassName): boolean => (seen(a)?.y ?? 0) > (seen(b)?.y ?? 1)
  const [skin, leftEye, rightEye] = [seen('skin'), seen('l_eye'), seen('r_eye')]
  const isCentral = (at: number): boolean => at > MIDDLE[0] && at < MIDDLE[1]
  const found: Record<Hint, boolean> = {
    empty: (places.get('background')?.share ?? 0) > 1 - MIN_SHARE,
    'no-skin': skin === null,
    'skin-off-centre': skin !== null && !(isCentral(skin.x) && isCentral(skin.y)),
    // Left is the person's own: the left eye is on the right of the picture.
    'eyes-swapped': leftEye !== null && rightEye !== null && leftEye.x < rightEye.x,
    'lips-swapped': below('u_lip', 'l_lip'),
    'upside-down': below('l_eye', 'nose') || below('nose', 'l_lip') || below('hair', 'mouth'),
  }
  if (found.empty) return ['empty']
  return HINTS.filter((hint) => found[hint])
}

function placesOf(labels: Uint8Array, width: number, height: number): Map<ClassName, Place> {
  const sums = CLASS_NAMES.map(() => ({ count: 0, x: 0, y: 0 }))
  for (let i = 0; i < labels.length; i++) {
    const sum = sums[labels[i] as number]
    if (!sum) continue
    sum.count++
    sum.x += i % width
    sum.y += Math.floor(i / width)
  }
  const places = new Map<ClassName, Place>()
  sums.forEach(({ count, x, y }, number) => {
    const name = CLASS_NAMES[number]
    if (name === undefined || count === 0) return
    const centre = { x: (x / count + 0.5) / width, y: (y / count + 0.5) / height }
    places.set(name, { share: count / labels.length, ...centre })
  })
  return places
}
