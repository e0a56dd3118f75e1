/** @file Masks for files on disk, without a workspace: what `facet predict` does. */
import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Complaint, PredictSummary } from '../../shared/answers'
import type { Checked } from '../../shared/requests'
import type { ProviderChoice } from '../../shared/terms'
import { at } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { partMapFromLabels } from '../../shared/mask'
import { quantile } from '../base/quantile'
import { spread } from '../base/spread'
import { createPredictionWriter } from '../dataset/predicted'
import { isUnreadablePicture } from '../imaging/open'
import { pictureSize } from '../imaging/picture'
import { scanPictures } from '../imaging/scan'
import { describeFile } from '../models/named_file'
import { limitsOf } from '../models/limits'
import type { Context, Handlers } from './app'
import { Batching } from './batching'
import type { Work } from './jobs'
import { CHECKED_PICTURES } from './precision'
import type { Grid } from '../store/faces'
import { gridOf } from './workspace'

export function predictFilesHandlers(context: Context): Pick<Handlers, 'predict.files'> {
  return {
    'predict.files': (request) =>
      context.jobs.run(request.job, 'predict.files', (work) => predictFiles(context, request, work)),
  }
}

/**
 * Predicts one picture or all of a folder; a picture that cannot be read is a complaint, not the end. Throws `image/unreadable`
 * where none can be read, and `file/unreadable` where there is none.
 */
async function predictFiles(
  { registry, providers, precisions, inference }: Context,
  request: Checked<'predict.files'>,
  { signal, progress }: Work,
): Promise<PredictSummary> {
  const { root, names } = await listPictures(resolve(request.input), signal)
  const { precision } = request
  const { network, abilities } = await registry.resolve(request.model, (file) => describeFile(registry, file))
  if (precision === 'int8') refuseInt8(request.provider, network.onnx !== undefined)
  const asked = precision === 'int8' ? 'cpu' : request.provider
  const { chosen: provider } = await providers.choose(network, asked, signal)
  const files = spread(names, CHECKED_PICTURES).map((name) => join(root, name))
  const check = precision === 'int8' ? await precisions.check(network, { files, own: true }, signal) : null
  const writer = await createPredictionWriter(resolve(request.out), request.layout, names)
  const complaints: Complaint[] = []
  const times: number[] = []
  // The last pictures' masks are written while the engine works on the next.
  let writing: Promise<void> = Promise.resolve()
  const batching = Batching.of(request.batch, names.length, provider !== 'cpu' && network.onnx === undefined)
  for (let begin = 0; begin < names.length;) {
    signal.throwIfAborted()
    const group = names.slice(begin, begin + batching.size)
    const { pictures, unreadable } = await withGrids(root, group, request.size)
    const next = names.slice(begin + group.length, begin + 2 * group.length).map((name) => join(root, name))
    const asked = pictures.map(({ picture, grid }) => ({ picture, grid }))
    const job = { network: { ...network, precision }, provider, batch: batching.size, pictures: asked, next }
    const running = inference.engine.submit('predictMany', job, { signal })
    const answer = await running.catch((error: unknown) => {
      if (signal.aborted || !batching.retreat()) throw error
      return null
    })
    if (answer === null) continue
    begin += group.length
    complaints.push(...unreadable)
    await writing
    const done = pictures.flatMap(({ name, grid }, n) => {
      const result = at(answer.pictures, n)
      if ('labels' in result) return [{ name, grid, labels: result.labels }]
      complaints.push({ file: name, message: result.unreadable })
      return []
    })
    for (const _ of done) times.push(answer.ms)
    if (done.length === batching.size) batching.took(answer.ms)
    writing = (async () => {
      for (const { name, grid, labels } of done)
        await writer.write(name, partMapFromLabels(labels, grid.width, grid.height))
    })()
    // A failure is met at the next `await writing`; until then it is nobody's, which would end the process.
    writing.catch(() => undefined)
    progress(begin, names.length)
  }
  await writing
  if (times.length === 0) throw noneReadable(root, complaints)
  const ms_per_image = { median: quantile(times, 0.5), p95: quantile(times, 0.95) }
  return {
    images: times.length,
    provider,
    precision,
    precision_check: check,
    ms_per_image,
    limits: limitsOf(abilities),
    complaints,
  }
}

function noneReadable(root: string, complaints: readonly Complaint[]): FacetError {
  const { file, message } = at(complaints, 0)
  const all =
    complaints.length === 1 ? '' : `None of the ${complaints.length} pictures in ${root} can be read. `
  return new FacetError('image/unreadable', `${all}${message}`, {
    file: join(root, file),
    pictures: complaints.length,
  })
}

interface Sized {
  readonly name: string
  readonly picture: string
  readonly grid: Grid
}

/** The pictures below `root` with the grids of their masks: a square of `size`, or each picture's own. */
async function withGrids(
  root: string,
  names: readonly string[],
  size: number | undefined,
): Promise<{ pictures: Sized[]; unreadable: Complaint[] }> {
  const pictures: Sized[] = []
  const unreadable: Complaint[] = []
  for (const name of names) {
    const picture = join(root, name)
    try {
      const grid = size === undefined ? gridOf(await pictureSize(picture)) : { width: size, height: size }
      pictures.push({ name, picture, grid })
    } catch (error) {
      if (!isUnreadablePicture(error, picture)) throw error
      unreadable.push({ file: name, message: error.message })
    }
  }
  return { pictures, unreadable }
}

/** Throws `usage` where 8 bits cannot be had. */
function refuseInt8(provider: ProviderChoice, isOfOthers: boolean): void {
  if (isOfOthers)
    throw new FacetError(
      'usage',
      '8 bits are for SegFace networks; an ONNX file runs as it is. Leave --precision out.',
    )
  if (provider !== 'auto' && provider !== 'cpu')
    throw new FacetError(
      'usage',
      `8 bits are for the processor, not for ${provider}; leave one of the two out.`,
    )
}

/** The pictures that `input` names, as paths below `root` with forward slashes. */
async function listPictures(input: string, signal: AbortSignal): Promise<{ root: string; names: string[] }> {
  const stats = statSync(input, { throwIfNoEntry: false })
  if (!stats)
    throw new FacetError(
      'file/unreadable',
      `${input} does not exist; name a picture or a folder of pictures.`,
      { file: input },
    )
  if (stats.isFile()) return { root: dirname(input), names: [basename(input)] }
  const names: string[] = []
  for await (const batch of scanPictures(input, { signal }))
    names.push(...batch.map((picture) => picture.name))
  if (names.length === 0)
    throw new FacetError('file/unreadable', `${input} holds no pictures (jpg, png, webp, bmp, tiff).`, {
      file: input,
    })
  return { root: input, names }
}
