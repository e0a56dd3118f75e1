/** @file A folder on a GPU whose memory holds few pictures: how many run at once, and that none is lost on the way. */
import { link, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Context } from '../../../src/main/app/app'
import { Jobs } from '../../../src/main/app/jobs'
import { predictFilesHandlers } from '../../../src/main/app/predict_files'
import { Loudspeaker } from '../../../src/main/base/events'
import type { Jobs as EngineJobs } from '../../../src/main/engine/protocol'
import { Registry } from '../../../src/main/models/registry'
import { FacetError } from '../../../src/shared/errors'
import { testPaths } from '../../helpers/app'
import { makeFolder } from '../../helpers/folder'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

const PICTURES = 80
const SIDE = 32

test('a size that does not fit is given up for the one before, and every picture gets its mask', async () => {
  const folder = await makeFolder()
  const [photos, out] = [join(folder, 'photos'), join(folder, 'masks')]
  await mkdir(photos)
  await writeJpeg(join(photos, '0.jpg'), await drawPortrait(SIDE, SIDE))
  for (let i = 1; i < PICTURES; i++) await link(join(photos, '0.jpg'), join(photos, `${i}.jpg`))

  const sizes: number[] = []
  /** Twice as many take the same time, and more than two do not fit. */
  const engine = {
    submit: (_kind: string, { batch, pictures }: EngineJobs['predictMany']['request']) => {
      sizes.push(batch)
      if (batch > 2)
        return Promise.reject(new FacetError('provider/unusable', 'webgpu is out of memory')) // prettier-ignore
      const labels = new Uint8Array(SIDE ** 2)
      return Promise.resolve({ pictures: pictures.map(() => ({ labels })), ms: 40 / batch })
    },
  }
  const context = {
    registry: new Registry(testPaths(join(folder, 'data'))),
    providers: { choose: () => Promise.resolve({ chosen: 'webgpu' }) },
    inference: { engine },
    jobs: new Jobs(new Loudspeaker()),
  }
  const request = { input: photos, model: 'segface-mobilenet-by-facet', out, layout: 'index' } as const
  const { 'predict.files': predict } = predictFilesHandlers(context as unknown as Context)
  const answer = await predict({ ...request, provider: 'webgpu', precision: 'float' })

  expect(answer).toMatchObject({ images: PICTURES, provider: 'webgpu', complaints: [] })
  expect(sizes.filter((size, i) => size !== sizes[i - 1])).toEqual([1, 2, 4, 2])
  const masks = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.png'))
  expect(masks).toHaveLength(PICTURES)
})
