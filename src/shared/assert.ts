/** @file Two ways to say "this cannot be": in a switch the compiler checks, and at run time. */

/** Ends a switch over a union, so that a forgotten member fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`)
}

/** Throws `internal: …` unless `condition` holds; for what only a bug of ours can break. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`)
}

/** The element at `index`, or an internal error where there is none: a checked index. */
export function at<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error(`internal: index ${index} is outside 0..${items.length - 1}`)
  return item
}
