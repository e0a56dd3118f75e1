/** @file The last few used of what is costly to make, by key. */

/** The value under `key`, made where absent; the least recently used one beyond `most` is released. */
export async function kept<T>(
  cache: Map<string, T>,
  key: string,
  most: number,
  make: () => Promise<T>,
  release: (value: T) => Promise<void>,
): Promise<T> {
  const found = cache.get(key)
  if (found !== undefined) {
    cache.delete(key)
    cache.set(key, found)
    return found
  }
  for (const [oldest, value] of cache) {
    if (cache.size < most) break
    cache.delete(oldest)
    await release(value)
  }
  const value = await make()
  cache.set(key, value)
  return value
}
