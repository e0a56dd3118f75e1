/** @file The brush slider's scale: logarithmic, so that one pixel more counts where the brush is small. */

/** Brush diameter in mask pixels, 1..max, at a slider position 0..1. */
export function sizeAt(position: number, max: number): number {
  return Math.round(Math.exp(position * Math.log(Math.max(max, 1))))
}

/** Slider position 0..1 of a brush diameter. */
export function positionOf(size: number, max: number): number {
  return max <= 1 ? 0 : Math.min(1, Math.log(Math.max(size, 1)) / Math.log(max))
}
