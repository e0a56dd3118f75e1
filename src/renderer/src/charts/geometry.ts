/** @file Where a chart's numbers lie on the screen: scales, round ticks, and the path of a line, however long. */

export interface Dot {
  readonly x: number
  /** Null breaks the line: there is no value here. */
  readonly y: number | null
}

/** A dot that has a value. */
export interface Point extends Dot {
  readonly y: number
}

export type Range = readonly [number, number]

/** A linear map of `from` onto `to`; an empty `from` maps to the middle. */
export function scaleOf(from: Range, to: Range): (value: number) => number {
  const span = from[1] - from[0]
  if (span === 0) return () => (to[0] + to[1]) / 2
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0])
}

/** Round numbers (1, 2 or 5 times a power of ten apart) within `range`, about `count` of them, ascending. */
export function ticksOf([low, high]: Range, count: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * step))
}

/** The range of all values, widened to round ends but not past `bounds`; `least` values are in it in any case. */
export function rangeOf(
  lines: readonly (readonly Dot[])[],
  least: readonly number[] = [],
  bounds: Range = [-Infinity, Infinity],
): Range {
  const within = (value: number): number => Math.min(Math.max(tidy(value), bounds[0]), bounds[1])
  let low = Math.min(...least)
  let high = Math.max(...least)
  for (const line of lines) {
    for (const { y } of line) {
      if (y === null) continue
      low = Math.min(low, y)
      high = Math.max(high, y)
    }
  }
  if (low > high) return [0, 1]
  if (low === high) return [within(low - 0.5), within(high + 0.5)]
  const [a, b = a] = ticksOf([low, high], 4)
  const step = a !== undefined && b !== undefined && b > a ? b - a : high - low
  return [within(Math.floor(low / step + 1e-9) * step), within(Math.ceil(high / step - 1e-9) * step)]
}

/** Without what binary fractions leave behind the last decimal that counts. */
function tidy(value: number): number {
  return Number(value.toPrecision(12))
}

/**
 * At most `2 * columns` dots of a line with ascending x: of each column the lowest and the highest, in order, so that no
 * peak is lost; a column without any value stays a gap.
 */
export function thin(line: readonly Dot[], columns: number): readonly Dot[] {
  const [first] = line
  const last = line.at(-1)
  if (!first || !last || line.length <= 2 * columns) return line
  const column = scaleOf([first.x, last.x], [0, columns])
  const kept: Dot[] = []
  let place = -1
  let start = 0
  for (const [i, dot] of line.entries()) {
    const here = Math.min(columns - 1, Math.floor(column(dot.x)))
    if (here === place) continue
    kept.push(...extremes(line.slice(start, i)))
    place = here
    start = i
  }
  return [...kept, ...extremes(line.slice(start))]
}

/** The lowest and the highest of some dots in their order, one where they are the same, a gap where none has a value. */
function extremes(dots: readonly Dot[]): Dot[] {
  const points = dots.filter(isPoint)
  if (points.length === 0) return dots.slice(0, 1)
  const low = points.reduce((best, point) => (point.y < best.y ? point : best))
  const high = points.reduce((best, point) => (point.y > best.y ? point : best))
  if (low === high) return [low]
  return low.x < high.x ? [low, high] : [high, low]
}

function isPoint(dot: Dot): dot is Point {
  return dot.y !== null
}

/** The `d` of an SVG path through the dots; a single dot between gaps becomes a point that a round cap shows. */
export function pathOf(
  line: readonly Dot[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let drawing = false
  for (const [i, dot] of line.entries()) {
    if (dot.y === null) {
      drawing = false
      continue
    }
    const at = `${x(dot.x).toFixed(1)} ${y(dot.y).toFixed(1)}`
    const isAlone = !drawing && (line[i + 1]?.y ?? null) === null
    path += drawing ? `L${at}` : isAlone ? `M${at}h0` : `M${at}`
    drawing = true
  }
  return path
}

/** What a line with ascending x says at `x`, or at its end for null: the nearest dot, if that has a value. */
export function readAt(line: readonly Dot[], x: number | null): Point | null {
  if (x === null) return line.findLast(isPoint) ?? null
  let low = 0
  let high = line.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((line[middle] as Dot).x < x) low = middle + 1
    else high = middle
  }
  const [before, after] = [line[low - 1], line[low]]
  const nearest = before && (!after || x - before.x < after.x - x) ? before : after
  return nearest && isPoint(nearest) ? nearest : null
}
