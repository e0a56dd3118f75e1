/** @file The photo cache: decodes once, forgets the longest unused, and never keeps a failure. */
import { describe, expect, it } from 'vitest'
import { PictureCache, type Picture } from '../../src/renderer/src/editor/pictures'

interface Photo extends Picture {
  readonly image: number
  readonly version: string
  closed: boolean
}

function makeCache(
  maxPixels: number,
  broken = new Set<number>(),
): { cache: PictureCache<Photo>; loaded: Photo[] } {
  const loaded: Photo[] = []
  const load = async (image: number, version: string): Promise<Photo> => {
    if (broken.has(image)) throw new Error(`image ${image} is broken`)
    const photo: Photo = {
      image,
      version,
      width: 10,
      height: 10,
      closed: false,
      close: () => {
        photo.closed = true
      },
    }
    loaded.push(photo)
    return photo
  }
  return { cache: new PictureCache(load, maxPixels, 2), loaded }
}

describe('PictureCache', () => {
  it('decodes a photo once, however often and early it is asked for', async () => {
    const { cache, loaded } = makeCache(1000)
    const both = await Promise.all([cache.get(1, 'a'), cache.get(1, 'a')])
    expect(both[0]).toBe(both[1])
    expect(await cache.get(1, 'a')).toBe(both[0])
    expect(loaded).toHaveLength(1)
  })

  it('decodes again, and closes the old one, when the file changed', async () => {
    const { cache, loaded } = makeCache(1000)
    const old = await cache.get(1, 'a')
    const fresh = await cache.get(1, 'b')
    expect(fresh.version).toBe('b')
    expect(old.closed).toBe(true)
    expect(loaded).toHaveLength(2)
  })

  it('closes the longest unused ones beyond its room, but keeps the latest', async () => {
    const { cache } = makeCache(250)
    const [one, two] = [await cache.get(1, 'a'), await cache.get(2, 'a')]
    await cache.get(1, 'a')
    const three = await cache.get(3, 'a')
    await Promise.resolve()
    expect([one.closed, two.closed, three.closed]).toEqual([false, true, false])
    const small = makeCache(1).cache
    const kept = [await small.get(1, 'a'), await small.get(2, 'a')]
    expect(kept.map((photo) => photo.closed)).toEqual([false, false])
  })

  it('tries a broken file again the next time', async () => {
    const broken = new Set([1])
    const { cache } = makeCache(1000, broken)
    await expect(cache.get(1, 'a')).rejects.toThrow('image 1 is broken')
    broken.clear()
    expect((await cache.get(1, 'a')).image).toBe(1)
  })
})
