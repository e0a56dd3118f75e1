/** @file The side in the name of a checkpoint's folder or file: written for a bundle, and read from whatever people name. */
import { MAX_SIDE, MIN_SIDE } from '../../shared/network'

/** A `_NNN` of a name, and whether a dataset stands before it; a number after such a word as `epoch` counts something else. */
const NUMBER = /(?<!epochs?|iter|step|ckpt|checkpoint)(_celeba|_lapa|_helen)?_(\d{2,4})(?=[._/\\-]|$)/gi

/** As SegFace's own folders are named (`swinb_celeba_224`), which says any side. */
export function sidedName(name: string, side: number): string {
  return `${name}_celeba_${side}`
}

/** The last number of `name` that is a side; null where none is. */
export function sideInName(name: string): number | null {
  const sides = Array.from(name.matchAll(NUMBER), ([, dataset, digits]) => {
    const side = Number(digits)
    return (dataset === undefined ? isUsual(side) : side >= MIN_SIDE && side <= MAX_SIDE) ? side : null
  })
  return sides.findLast((side) => side !== null) ?? null
}

/** True for sides that people train at; another number in a name is an epoch, a year or a count. */
function isUsual(side: number): boolean {
  return side % 32 === 0 && side >= 64 && side <= 1024
}
