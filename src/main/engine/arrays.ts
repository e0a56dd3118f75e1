/** @file The .npy arrays that networks are fed as they are, outside the app: images and labels, checked. */
import { readNpy } from '../base/npy'
import type { Tensor } from '../base/tensor'
import { FacetError } from '../../shared/errors'
import { IGNORED } from '../../shared/mask'

export interface Images {
  /** Normalised, [count, 3, resolution, resolution]. */
  readonly data: Float32Array
  readonly count: number
  readonly resolution: number
}

/** The images of an .npy file. Throws `file/unreadable`, or `file/malformed` where it holds anything else. */
export async function readImages(file: string): Promise<Images> {
  const array = await readNpy(file)
  const [count = 0, channels, height, width = 0] = array.shape
  const { data } = array
  const isBatch = array.shape.length === 4 && channels === 3 && height === width && count > 0
  if (!(data instanceof Float32Array) || !isBatch) {
    throw unexpected(file, array, 'normalised images, float32 [N, 3, R, R]')
  }
  return { data, count, resolution: width }
}

/**
 * The class of each pixel of `images`, read from an .npy file of uint8, int32 or int64: [count, resolution, resolution], with
 * IGNORED in the place of all that is no class number. Throws as `readImages` does.
 */
export async function readLabels(file: string, { count, resolution }: Images): Promise<Int32Array> {
  const array = await readNpy(file)
  const { data, shape } = array
  const expected = [count, resolution, resolution]
  if (data instanceof Float32Array || data instanceof Float64Array || String(shape) !== String(expected)) {
    const wanted = `the class of each pixel of the images, uint8, int32 or int64 [${expected.join(', ')}]`
    throw unexpected(file, array, wanted)
  }
  return Int32Array.from(data as ArrayLike<number | bigint>, (value) =>
    value >= 0 && value < IGNORED ? Number(value) : IGNORED,
  )
}

function unexpected(file: string, { dtype, shape }: Tensor, expected: string): FacetError {
  return new FacetError(
    'file/malformed',
    `${file} holds ${dtype} [${shape.join(', ')}]; expected ${expected}.`,
    { file },
  )
}
