/**
 * @file Whether a model may compute in 8 bits: it is held against its own floats on pictures of the user, and what was found is
 * remembered for the model, this processor and onnxruntime. Nobody gets 8 bits who did not ask for them.
 */
import { readdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { PrecisionCheck } from '../../shared/answers'
import type { Events } from '../../shared/api'
import type { Loudspeaker } from '../base/events'
import { spread } from '../base/spread'
import { runAlone } from '../engine/client'
import type { NetworkRef } from '../engine/protocol'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import { gainsInInt8 } from '../segface/int8'
import type { Context, Handlers } from './app'
import type { Deps } from './deps'
import { engineOptions } from './engine'
import { Remembered } from './remembered'
import type { Workspace } from './workspace'

/** 8 bits that change more pixels than this are not offered: as many as a mask's edge moving by half a pixel. */
const MOST_CHANGED = 0.005
/** Nor are those that take longer than this part of the floats' time. */
const SLOWEST = 0.9
/** Enough for a share that is steady to a tenth of a percent, and few enough to wait for. */
export const CHECKED_PICTURES = 8

/** Pictures that a model is checked on. */
export interface CheckedPictures {
  readonly files: readonly string[]
  /** The user's own, not those that come with Facet. */
  readonly own: boolean
}

type Model = NetworkRef & { readonly id: string }

const share = z.number().min(0).max(1)
const checkSchema = z.object({
  pictures: z.int(),
  own: z.boolean(),
  changed: share,
  worst: share,
  ms: z.object({ float: z.number(), int8: z.number() }),
  offered: z.boolean(),
})

export class Precisions {
  readonly #checks: Remembered<PrecisionCheck>

  constructor(
    private readonly paths: Deps['paths'],
    events: Loudspeaker<Events>,
  ) {
    this.#checks = new Remembered(join(paths.dataDir, 'precisions.json'), checkSchema, events)
  }

  /** What was found with the model on this computer, or null. */
  async remembered(model: Model): Promise<PrecisionCheck | null> {
    return this.#checks.get(keyOf(model))
  }

  /**
   * Finds out, in a process of its own, and remembers it. What was found on pictures of the user stands, and is answered, until
   * others of theirs say otherwise. Errors as for loading the model and reading pictures.
   */
  async check(model: Model, { files, own }: CheckedPictures, signal?: AbortSignal): Promise<PrecisionCheck> {
    const standing = async (): Promise<PrecisionCheck | null> => {
      const known = own ? null : await this.remembered(model)
      return known?.own ? known : null
    }
    const known = await standing()
    if (known) return known
    const { id: _id, ...network } = model
    const request = { network, pictures: files }
    const { changed, ms } = await runAlone(engineOptions(this.paths), 'precision', request, signal)
    const mean = changed.reduce((sum, each) => sum + each, 0) / changed.length
    const check: PrecisionCheck = {
      pictures: changed.length,
      own,
      changed: mean,
      worst: Math.max(...changed),
      ms,
      // Where not one pixel changes nothing was computed in 8 bits: a network of convolutions, whatever the clock says.
      offered: own && mean > 0 && mean < MOST_CHANGED && ms.int8 < SLOWEST * ms.float,
    }
    // Theirs may have been checked meanwhile.
    const meanwhile = await standing()
    if (meanwhile) return meanwhile
    await this.#checks.set(keyOf(model), check)
    return check
  }

  /** Some pictures of the workspace, from all over its list; without one, those that come with Facet. */
  async pictures(workspace: Workspace | null): Promise<CheckedPictures> {
    const names = workspace?.store.listRows().map(({ name }) => name) ?? []
    if (workspace && names.length > 0)
      return { files: spread(names, CHECKED_PICTURES).map((name) => workspace.fileOf(name)), own: true }
    const folder = join(this.paths.resources, 'sample', 'aligned')
    const sample = (await readdir(folder)).filter((name) => name.endsWith('.jpg'))
    return { files: sample.map((name) => join(folder, name)), own: false }
  }
}

function keyOf({ id, resolution }: Model): string {
  return `${id} at ${resolution}, onnxruntime ${ONNXRUNTIME_VERSION}, ${cpus()[0]?.model ?? process.arch}`
}

export function precisionHandlers({
  registry,
  precisions,
  inference,
  workspace,
  jobs,
}: Context): Pick<Handlers, 'models.precision'> {
  return {
    'models.precision': async ({ model: name, check, job }) => {
      const model = await registry.find(name)
      const gains = gainsInInt8(model.manifest.arch)
      const network = { id: model.manifest.id, ...model.network }
      if (!gains || !check) return { gains, check: gains ? await precisions.remembered(network) : null }
      return jobs.run(job, 'models.precision', async ({ signal }) => {
        const pictures = await precisions.pictures(workspace.current)
        const found = await precisions.check(network, pictures, signal)
        inference.reconsider()
        return { gains, check: found }
      })
    },
  }
}
