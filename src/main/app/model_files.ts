/** @file Model files on their way into the registry: what one is, what it makes of a picture, and taking it in. */
import { readFile } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import type { ModelFile, ModelLook } from '../../shared/answers'
import type { Checked } from '../../shared/requests'
import { FacetError } from '../../shared/errors'
import { noteOf, type NoteKey } from '../../shared/notes'
import { hintsOf, type Hint } from '../../shared/plausible'
import { infosByName } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import type { EngineClient } from '../engine/client'
import { pictureSize } from '../imaging/picture'
import { viewable } from '../imaging/view'
import { knownFacts } from '../models/facts'
import { importModel } from '../models/importer'
import { isAtAssumedSide } from '../models/limits'
import { isOnnx, readOnnxFile, type OnnxFile } from '../models/onnx_file'
import { importOnnx, mapsThatRan, requireFit, requireSure } from '../models/onnx_import'
import { proposeUse, useOfPreset, type KnownUse } from '../models/onnx_use'
import { PRESETS } from '../models/presets'
import { modelInfo, networkOf, type Model } from '../models/registry'
import { recognise } from '../segface/config'
import type { Context, Handlers } from './app'
import type { Work } from './jobs'

/** Longer side of the picture that a file is looked at with. */
const LOOK_SIDE = 512
/** Before what is predicted ahead: somebody waits for it. */
const ASKED = 0

/** What speaks against a model's masks of Facet's own portrait. */
const HINTS = {
  empty: 'findsNothing',
  'no-skin': 'findsNoSkin',
  'skin-off-centre': 'skinAtEdge',
  'eyes-swapped': 'eyesSwapped',
  'lips-swapped': 'lipsSwapped',
  'upside-down': 'upsideDown',
} as const satisfies Record<Hint, NoteKey>

export function modelFileHandlers(
  context: Context,
): Pick<Handlers, 'models.examine' | 'models.look' | 'models.import'> {
  const { jobs, events, inference, workspace, uploads, registry, deps } = context
  const sample = join(deps.paths.resources, 'sample', 'aligned', 'astronaut.jpg')

  return {
    'models.examine': ({ file, job }) =>
      jobs.run(job, 'models.examine', ({ signal }) => examine(inference.engine, resolve(file), signal)),

    async 'models.look'({ file, use, image }): Promise<ModelLook> {
      const open = image === null ? null : workspace.require()
      const picture = open && image !== null ? open.fileOf(open.store.image(image).name) : sample
      const grid = fitted(await pictureSize(picture))
      const network = { weights: resolve(file), ...use }
      const request = { network, picture, grid }
      const { channels } = await inference.engine.submit('look', request, { priority: ASKED })
      const shown = await viewable(picture, LOOK_SIDE)
      const bytes = 'bytes' in shown ? shown.bytes : await readFile(shown.file)
      return { ...grid, channels, picture: new Uint8Array(bytes), mime: shown.mime }
    },

    'models.import': (request) =>
      jobs.run(request.job, 'models.import', async (work) => {
        const path = resolve(request.file)
        const model = (await isOnnx(path))
          ? await takeOnnx(context, path, request, work)
          : await takeCheckpoint(context, path, request, work)
        await uploads.discard(path)
        events.emit('models.changed', {})
        if (model.manifest.onnx || model.manifest.classes !== 19) await warnOfOddities(model, work.signal)
        return modelInfo(await registry.find(model.manifest.id))
      }),
  }

  /** A model whose order of classes somebody had to say is tried on a portrait: a wrong order shows. */
  async function warnOfOddities(model: Model, signal: AbortSignal): Promise<void> {
    const grid = { width: LOOK_SIDE / 2, height: LOOK_SIDE / 2 }
    const request = { network: networkOf(model), provider: 'cpu', picture: sample, grid } as const
    const { labels } = await inference.engine.submit('predict', request, { priority: ASKED, signal })
    const odd = hintsOf(labels, grid.width, grid.height).map((hint) => noteOf(HINTS[hint], {}))
    if (odd.length === 0) return
    const advice = noteOf(model.manifest.onnx ? 'checkOnnx' : 'checkOrder', {})
    const reasons = odd.join('; ')
    await warn(context, model, noteOf('looksWrong', { model: model.manifest.name, reasons, advice }))
  }
}

/** Says what to beware of with a new model, now and on its page. */
async function warn(
  { registry, events }: Pick<Context, 'registry' | 'events'>,
  model: Model,
  message: string,
): Promise<void> {
  await registry.warn(model, message)
  events.emit('notice', { level: 'warning', message })
}

/** A picture's size with the longer side at most LOOK_SIDE. */
function fitted({ width, height }: { width: number; height: number }): { width: number; height: number } {
  const scale = Math.min(1, LOOK_SIDE / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

async function examine(engine: EngineClient, path: string, signal: AbortSignal): Promise<ModelFile> {
  if (!(await isOnnx(path))) {
    return withCheckpoint(path, async (checkpoint) => {
      const { arch, classes } = recognise(infosByName(checkpoint), path)
      const { classSet } = await knownFacts(checkpoint, classes, undefined)
      return { kind: 'checkpoint', arch, classes, classSet }
    })
  }
  const file = await ran(engine, await readOnnxFile(path), signal)
  const { resolution, onnx, preset, sure } = await proposeUse(file)
  return {
    kind: 'onnx',
    size: file.input.size,
    maps: file.maps.map(({ name, channels }) => ({ name, channels: channels ?? 0 })),
    preset: preset?.name ?? null,
    sure,
    proposal: { resolution, onnx },
    presets: PRESETS.flatMap((candidate) => {
      const use = useOfPreset(candidate, file)
      const { name, title } = candidate
      return use ? [{ name, title, resolution: use.resolution, onnx: use.onnx }] : []
    }),
  }
}

/** The file with the outputs that it really has: it is run once, at the side that is proposed for it. */
async function ran(engine: EngineClient, file: OnnxFile, signal: AbortSignal): Promise<OnnxFile> {
  const { resolution } = await proposeUse(file)
  const outputs = file.maps.map(({ name }) => name)
  const request = { weights: file.path, input: file.input.name, outputs, resolution }
  const answer = await engine.submit('examine', request, { priority: ASKED, signal })
  return mapsThatRan(file, answer.outputs)
}

async function takeCheckpoint(
  context: Context,
  path: string,
  { name, arch, dataset, resolution, half, preset, use }: Checked<'models.import'>,
  work: Work,
): Promise<Model> {
  if (preset !== undefined || use !== undefined)
    throw new FacetError(
      'usage',
      `${path} is a checkpoint, which says itself how it is used; leave the preset and description out.`,
      { file: path },
    )
  const { registry, uploads, events } = context
  const model = await importModel(registry, path, {
    ...work,
    half,
    ...(uploads.holds(path) ? { usualName: parse(path).name } : {}),
    ...(name === undefined ? {} : { name }),
    ...(arch === undefined ? {} : { arch }),
    ...(dataset === undefined ? {} : { dataset }),
    ...(resolution === undefined ? {} : { resolution }),
  })
  if (isAtAssumedSide(model.manifest))
    for (const message of model.manifest.warnings) events.emit('notice', { level: 'warning', message })
  return model
}

async function takeOnnx(
  { registry, inference }: Context,
  path: string,
  { name, arch, dataset, resolution, half, preset, use }: Checked<'models.import'>,
  work: Work,
): Promise<Model> {
  if (arch !== undefined || dataset !== undefined || resolution !== undefined || half)
    throw new FacetError(
      'usage',
      `${path} is an ONNX file, which is taken as it is; leave --arch, --dataset, --resolution and --half out (its description has a resolution).`,
      { file: path },
    )
  const file = await ran(inference.engine, await readOnnxFile(path), work.signal)
  const chosen = requireSure(file, await chooseUse(file, preset, use))
  requireFit(file, chosen)
  return importOnnx(registry, file, chosen, { ...work, ...(name === undefined ? {} : { name }) })
}

/** What the caller says goes before what is known. */
async function chooseUse(
  file: OnnxFile,
  preset: Checked<'models.import'>['preset'],
  said: Checked<'models.import'>['use'],
): Promise<KnownUse> {
  const named = PRESETS.find(({ name }) => name === preset)
  const known = named ? useOfPreset(named, file) : await proposeUse(file)
  if (!known) {
    const found = file.maps.map(({ name, channels }) => `'${name}' of ${channels ?? '?'}`).join(', ')
    throw new FacetError(
      'usage',
      `${file.path} is no ${named?.title ?? 'such network'}: none of its outputs has as many classes (${found}).`,
      { file: file.path },
    )
  }
  if (!said) return known
  const isItself =
    named !== undefined || (known.sure && JSON.stringify(known.onnx) === JSON.stringify(said.onnx))
  return {
    ...(isItself ? known : { ...known, arch: 'onnx', classSet: 'other', preset: null }),
    ...said,
    sure: true,
  }
}
