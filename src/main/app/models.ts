/** @file The registry, for a window or the command line. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { isInside, requireOther } from '../base/fs'
import { filesOf } from '../engine/protocol'
import { exportOnnxFile, exportWeights, findExportable, onnxMetadata, refuseFolder } from '../models/exporter'
import { addMixture } from '../models/mixed'
import { modelInfo, type Model } from '../models/registry'
import type { Context, Handlers } from './app'
import { compareModels } from './compare'

/** The model of the settings; where that is gone, the default one and a clause that says so. */
export async function modelOfSettings({
  registry,
  settings,
}: Pick<Context, 'registry' | 'settings'>): Promise<{ model: Model; gone: string | null }> {
  const wanted = settings.current.model
  try {
    return { model: await registry.find(wanted), gone: null }
  } catch (error) {
    if (wanted === null) throw error
    const gone = `the model of the settings, ${JSON.stringify(wanted)}, is gone, and this is about the default one`
    return { model: await registry.find(null), gone }
  }
}

export function modelHandlers(
  context: Context,
): Pick<
  Handlers,
  | 'models.list'
  | 'models.show'
  | 'models.export'
  | 'models.compare'
  | 'models.promote'
  | 'models.mix'
  | 'models.delete'
> {
  const { registry, jobs, events, inference, settings, training } = context
  return {
    'models.compare': (request) =>
      jobs.run(request.job, 'models.compare', (work) => compareModels(context, request, work)),
    async 'models.promote'({ model }) {
      const [next, { model: previous }] = [await registry.find(model), await modelOfSettings(context)]
      await settings.write({ model: next.isDefault ? null : next.manifest.id })
      events.emit('models.changed', {})
      return { model: await modelInfo(next), previous: await modelInfo(previous) }
    },
    async 'models.mix'({ base, other, parts, name }) {
      const mixture = await addMixture(
        registry,
        name,
        await registry.find(base),
        await registry.find(other),
        parts,
      )
      events.emit('models.changed', {})
      return modelInfo(mixture)
    },
    async 'models.delete'({ model }) {
      const found = await registry.find(model)
      if (found.manifest.id === settings.refresh().model)
        throw new FacetError(
          'conflict',
          `${found.manifest.id} is the model that predicts; choose another first.`,
          {
            model: found.manifest.id,
          },
        )
      const run = training.unfinishedOf(found.manifest.id)
      if (run)
        throw new FacetError(
          'conflict',
          `${found.manifest.id} is what the training '${run.name}' began with, which is not over: end or delete that first.`,
          { model: found.manifest.id, run: run.id },
        )
      await registry.remove(found)
      events.emit('models.changed', {})
      return null
    },
    async 'models.list'() {
      return { models: await Promise.all((await registry.list()).map(modelInfo)) }
    },
    async 'models.show'({ model }) {
      return modelInfo(await registry.find(model))
    },
    'models.export': ({ model, format, out, job }) =>
      jobs.run(job, 'models.export', async ({ signal, progress }) => {
        const file = resolve(out)
        await refuseFolder(file)
        const found = await findExportable(registry, model)
        await requireOther(file, filesOf(found.network))
        if (isInside(registry.folder, file))
          throw new FacetError('conflict', `${file} lies among Facet's own models; choose another place.`, {
            file,
          })
        if (found.network.onnx && format === 'onnx') {
          await exportOnnxFile(found, file)
        } else if (format === 'onnx') {
          const request = { network: found.network, file, metadata: onnxMetadata(found) }
          await inference.engine.submit('export', request, { signal })
        } else {
          await exportWeights(found, format, file, { signal, progress })
        }
        return { model: found.id, format, out: file, bytes: (await stat(file)).size }
      }),
  }
}
