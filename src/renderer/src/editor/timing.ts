/** @file How long a stroke takes from the pointer's event to the drawn frame, as `facet:stroke` measures of the Performance API. */

/** The measures' name, for a PerformanceObserver or `performance.getEntriesByName`. */
export const STROKE_MEASURE = 'facet:stroke'
/** Measures kept, so that a day of painting does not fill the memory. */
const KEPT = 2000

export class StrokeTimer {
  #oldest: number | null = null
  #count = 0

  /** A painting pointer event came; `timeStamp` is the event's. Only the oldest one of a frame counts. */
  began(timeStamp: number): void {
    this.#oldest ??= timeStamp
  }

  /** The frame that shows it is drawn. */
  drawn(): void {
    if (this.#oldest === null) return
    if (this.#count++ % KEPT === 0) performance.clearMeasures(STROKE_MEASURE)
    performance.measure(STROKE_MEASURE, { start: this.#oldest, end: performance.now() })
    this.#oldest = null
  }
}
