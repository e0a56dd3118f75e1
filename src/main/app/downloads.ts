/** @file Published checkpoints for a window or the command line: which there are, how far each has come, and fetching one. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FacetError } from '../../shared/errors'
import { DATASET_NAMES } from '../../shared/network'
import { downloadModel, downloadPath, HUGGING_FACE, installedModel } from '../models/download'
import { findPublished, PUBLISHED } from '../models/published'
import { modelInfo } from '../models/registry'
import { bytesHere } from '../models/transfer'
import { takeLock, type Lock } from '../store/lock'
import type { Context, Handlers } from './app'

export function downloadHandlers({
  deps,
  registry,
  jobs,
  events,
  settings,
}: Context): Pick<Handlers, 'models.published' | 'models.download'> {
  const table = deps.published ?? PUBLISHED
  const folder = join(deps.paths.dataDir, 'downloads')
  /** What this process is fetching, with the job's name. */
  const running = new Map<string, string | null>()
  return {
    async 'models.published'() {
      const models = table.map(async (published) => {
        const { name, arch, resolution, classSet, bytes, score, licence } = published
        const dataset = DATASET_NAMES[classSet]
        const installed = (await installedModel(registry, published))?.manifest.id ?? null
        const fetched = await bytesHere(downloadPath(folder, published))
        const job = running.get(name) ?? null
        return { name, arch, resolution, dataset, bytes, score, licence, installed, fetched, job }
      })
      return { models: await Promise.all(models) }
    },
    'models.download': ({ name, mirror, keep, job }) =>
      jobs.run(job, 'models.download', async ({ signal, progress }) => {
        const published = findPublished(table, name)
        const lock = lockDownload(downloadPath(folder, published), name)
        running.set(name, job ?? null)
        events.emit('models.changed', {})
        try {
          const base = mirror ?? settings.current.mirror ?? HUGGING_FACE
          return await modelInfo(
            await downloadModel(registry, published, { folder, mirror: base, keep, signal, progress }),
          )
        } finally {
          running.delete(name)
          lock.release()
          events.emit('models.changed', {})
        }
      }),
  }
}

/** Two downloads of one file, also of two programs, would write into each other. */
function lockDownload(file: string, name: string): Lock {
  mkdirSync(dirname(file), { recursive: true })
  try {
    return takeLock(file)
  } catch (error) {
    if (!(error instanceof FacetError) || error.code !== 'store/busy') throw error
    throw new FacetError(
      'conflict',
      `${name} is being downloaded already, in this Facet or another.`,
      { model: name },
      { cause: error },
    )
  }
}
