/** @file The registry, for a window or the command line. */
import { importModel } from '../models/importer'
import { modelInfo } from '../models/registry'
import type { Context, Handlers } from './app'

export function modelHandlers({
  registry,
  jobs,
}: Context): Pick<Handlers, 'models.list' | 'models.show' | 'models.import'> {
  return {
    async 'models.list'() {
      return { models: await Promise.all((await registry.list()).map(modelInfo)) }
    },
    async 'models.show'({ model }) {
      return modelInfo(await registry.find(model))
    },
    'models.import': ({ file, name, arch, half, job }) =>
      jobs.run(job, 'models.import', async ({ signal, progress }) =>
        modelInfo(
          await importModel(registry, file, {
            signal,
            progress,
            half,
            ...(name === undefined ? {} : { name }),
            ...(arch === undefined ? {} : { arch }),
          }),
        ),
      ),
  }
}
