/** @file The registry, for a window or the command line. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { exportWeights, findExportable, onnxMetadata, refuseFolder } from '../models/exporter'
import { importModel } from '../models/importer'
import { modelInfo } from '../models/registry'
import type { Context, Handlers } from './app'

export function modelHandlers({
  registry,
  jobs,
  events,
  inference,
}: Context): Pick<
  Handlers,
  | 'models.list'
  | 'models.show'
  | 'models.import'
  | 'models.export'
  | 'models.compare'
  | 'models.promote'
  | 'models.mix'
  | 'models.delete'
> {
  const coming = (): never => {
    throw new FacetError('internal', 'This comes with the next change.')
  }
  return {
    'models.compare': coming,
    'models.promote': coming,
    'models.mix': coming,
    'models.delete': coming,
    async 'models.list'() {
      return { models: await Promise.all((await registry.list()).map(modelInfo)) }
    },
    async 'models.show'({ model }) {
      return modelInfo(await registry.find(model))
    },
    'models.import': ({ file, name, arch, dataset, half, job }) =>
      jobs.run(job, 'models.import', async ({ signal, progress }) => {
        const model = await importModel(registry, file, {
          signal,
          progress,
          half,
          ...(name === undefined ? {} : { name }),
          ...(arch === undefined ? {} : { arch }),
          ...(dataset === undefined ? {} : { dataset }),
        })
        events.emit('models.changed', {})
        return modelInfo(model)
      }),
    'models.export': ({ model, format, out, job }) =>
      jobs.run(job, 'models.export', async ({ signal, progress }) => {
        const file = resolve(out)
        await refuseFolder(file)
        const found = await findExportable(registry, model)
        if (format === 'onnx') {
          const request = { network: found.network, file, metadata: onnxMetadata(found) }
          await inference.engine.submit('export', request, { signal })
        } else {
          await exportWeights(found, format, file, { signal, progress })
        }
        return { model: found.id, format, out: file, bytes: (await stat(file)).size }
      }),
  }
}
