/** @file One thing after the other: the edits on their way to the store keep the order in which the hand made them. */

export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()
  #size = 0

  /** `onSize` hears how many tasks wait or run, whenever that changes. */
  constructor(readonly onSize: (size: number) => void = () => undefined) {}

  get size(): number {
    return this.#size
  }

  /** Runs `task` after all tasks before it, whatever became of them; gives its result. Starts at once when idle. */
  push<T>(task: () => Promise<T>): Promise<T> {
    const idle = this.#size === 0
    this.#count(1)
    const result = idle ? task() : this.#tail.then(task)
    this.#tail = result.then(
      () => this.#count(-1),
      () => this.#count(-1),
    )
    return result
  }

  /** Resolves when nothing waits or runs, what was added meanwhile included. */
  async idle(): Promise<void> {
    while (this.#size > 0) await this.#tail
  }

  #count(by: number): void {
    this.#size += by
    this.onSize(this.#size)
  }
}
