/** @file How many pictures of a folder run at once: a number that somebody gave, or, on a GPU, one that is found as it goes. */

/** More were never seen to be faster, and a GPU's memory is finite. */
const MOST = 8
/** Twice as many must take each picture less than this part of the time, to be worth the memory. */
const GAIN = 0.9
/** Runs of a size that are timed, after the first, which prepares kernels. */
const TIMED = 2
/** In smaller folders, what is gained does not pay for the networks that are loaded to find out. */
const LEAST_PICTURES = 64

export class Batching {
  #times: number[] = []
  /** Milliseconds of a picture at the size before. */
  #before = Infinity

  private constructor(
    private current: number,
    private isSettled: boolean,
  ) {}

  /** As many as `asked`; where it is left out, one on a processor, which is no faster with more, and on a GPU what is fastest. */
  static of(asked: number | undefined, pictures: number, isGpu: boolean): Batching {
    const isSettled = asked !== undefined || !isGpu || pictures < LEAST_PICTURES
    return new Batching(asked ?? 1, isSettled)
  }

  /** Pictures of the next run. */
  get size(): number {
    return this.current
  }

  /** A run of `size` pictures took each `ms`: doubles the size as long as that helps. */
  took(ms: number): void {
    if (this.isSettled || this.#times.push(ms) <= TIMED) return
    const each = Math.min(...this.#times.slice(1))
    this.#times = []
    if (each > GAIN * this.#before) return this.#settle(this.current / 2)
    this.#before = each
    if (this.current === MOST) return this.#settle(MOST)
    this.current *= 2
  }

  /** A run failed. True where a smaller size is left that worked, which is used from now on. */
  retreat(): boolean {
    if (this.isSettled || this.current === 1) return false
    this.#settle(this.current / 2)
    return true
  }

  #settle(size: number): void {
    this.current = size
    this.isSettled = true
  }
}
