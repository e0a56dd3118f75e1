/** @file Masks for files on disk, without a workspace: what `facet predict` does. */
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Complaint, PredictSummary } from '../../shared/answers'
import type { Checked } from '../../shared/requests'
import type { Provider, ProviderChoice } from '../../shared/terms'
import { at } from '../../shared/assert'
import { FacetError } from '../../shared/errors'
import { partMapFromLabels } from '../../shared/mask'
import { quantile } from '../base/quantile'
import { spread } from '../base/spread'
import { unreadable } from '../base/fs'
import { createPredictionWriter, type PredictionWriter } from '../dataset/predicted'
import { MAX_LABELS, type NetworkRef } from '../engine/protocol'
import { isUnreadablePicture } from '../imaging/open'
import { pictureSize } from '../imaging/picture'
import { describeFile } from '../models/named_file'
import { limitsOf } from '../models/limits'
import type { Context, Handlers } from './app'
import { Batching } from './batching'
import type { Work } from './jobs'
import { onProvider } from './on_provider'
import { CHECKED_PICTURES } from './precision'
import { scanPhotos } from './tree'
import type { Grid } from '../store/faces'
import { gridOf } from './workspace'

export function predictFilesHandlers(context: Context): Pick<Handlers, 'predict.files'> {
  return {
    'predict.files': (request) =>
      context.jobs.run(request.job, 'predict.files', (work) => predictFiles(context, request, work)),
  }
}

/** What was done so far, whichever provider did it. */
interface Progress {
  /** Pictures of the list that are behind. */
  begin: number
  /** Milliseconds of each picture that was predicted. */
  readonly times: number[]
  readonly complaints: Complaint[]
  /** The last pictures' masks are written while the engine works on the next. */
  writing: Promise<void>
}

/**
 * Predicts one picture or all of a folder; a picture that cannot be read is a complaint, not the end. A provider that Facet
 * chose and that fails leaves the rest to the next best, which the answer names. Throws `image/unreadable` where no picture
 * can be read, and `file/unreadable` where there is none.
 */
async function predictFiles(
  context: Context,
  request: Checked<'predict.files'>,
  work: Work,
): Promise<PredictSummary> {
  const { registry, precisions } = context
  const { signal } = work
  const list = await listPictures(resolve(request.input), signal)
  const { precision } = request
  const { network, abilities, warnings } = await registry.resolve(request.model, (file) =>
    describeFile(registry, file),
  )
  const isInt8 = precision === 'int8'
  if (isInt8) refuseInt8(request.provider, network.onnx !== undefined)
  const files = isInt8 ? await findReadable(list, CHECKED_PICTURES, signal) : []
  // Where none can be read, that is what the prediction says.
  const check = files.length > 0 ? await precisions.check(network, { files, own: true }, signal) : null
  const done: Progress = { begin: 0, times: [], complaints: [], writing: Promise.resolve() }
  const asked = isInt8 ? 'cpu' : request.provider
  let writer: PredictionWriter | undefined
  const provider = await onProvider(context, network, asked, signal, async (on) => {
    writer ??= await createPredictionWriter(resolve(request.out), request.layout, list)
    await predictRest(context, { list, request, network, provider: on, writer }, done, work)
    return on
  })
  const { times, complaints } = done
  if (times.length === 0) throw noneReadable(list.root, complaints)
  const ms_per_image = { median: quantile(times, 0.5), p95: quantile(times, 0.95) }
  return {
    images: times.length,
    provider,
    precision,
    precision_check: check,
    ms_per_image,
    limits: [...limitsOf(abilities), ...warnings],
    complaints,
  }
}

interface Task {
  readonly list: PictureList
  readonly request: Checked<'predict.files'>
  readonly network: NetworkRef
  readonly provider: Provider
  readonly writer: PredictionWriter
}

/** Predicts the pictures that are not behind yet, and notes in `done` what it has done when it fails, too. */
async function predictRest(
  { inference }: Context,
  { list: { root, names }, request: { precision, size, ...request }, network, provider, writer }: Task,
  done: Progress,
  { signal, progress }: Work,
): Promise<void> {
  const isGpu = provider !== 'cpu' && network.onnx === undefined
  const batching = Batching.of(request.batch, names.length - done.begin, isGpu)
  // A picture's own grid is small enough for any batch.
  const most = size === undefined ? Infinity : Math.max(1, Math.floor(MAX_LABELS / size ** 2))
  while (done.begin < names.length) {
    signal.throwIfAborted()
    const batch = Math.min(batching.size, most)
    const group = names.slice(done.begin, done.begin + batch)
    const { pictures, unreadable } = await withGrids(root, group, size)
    const next = names.slice(done.begin + group.length, done.begin + 2 * group.length)
    const job = {
      network: { ...network, precision },
      provider,
      batch,
      pictures: pictures.map(({ picture, grid }) => ({ picture, grid })),
      next: next.map((name) => join(root, name)),
    }
    const running = inference.engine.submit('predictMany', job, { signal })
    const answer = await running.catch((error: unknown) => {
      if (signal.aborted || !batching.retreat()) throw error
      return null
    })
    if (answer === null) continue
    done.begin += group.length
    done.complaints.push(...unreadable)
    await done.writing
    const predicted = pictures.flatMap(({ name, grid }, n) => {
      const result = at(answer.pictures, n)
      if ('labels' in result) return [{ name, grid, labels: result.labels }]
      done.complaints.push({ file: name, message: result.unreadable })
      return []
    })
    for (const _ of predicted) done.times.push(answer.ms)
    if (predicted.length === batching.size) batching.took(answer.ms)
    done.writing = (async () => {
      for (const { name, grid, labels } of predicted)
        await writer.write(name, partMapFromLabels(labels, grid.width, grid.height))
    })()
    // A failure is met at the next `await done.writing`; until then it is nobody's, which would end the process.
    done.writing.catch(() => undefined)
    progress(done.begin, names.length)
  }
  await done.writing
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

/** At most `most` pictures from all over the list whose headers can be read; those in between only where these are too few. */
async function findReadable(
  { root, names }: PictureList,
  most: number,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = []
  for (const name of new Set([...spread(names, most), ...names])) {
    signal.throwIfAborted()
    if (found.length === most) break
    const { pictures } = await withGrids(root, [name], undefined)
    found.push(...pictures.map(({ picture }) => picture))
  }
  return found
}

interface PictureList {
  readonly root: string
  /** Paths below `root` with forward slashes. */
  readonly names: readonly string[]
}

/** The pictures that `input` names. */
async function listPictures(input: string, signal: AbortSignal): Promise<PictureList> {
  const stats = await stat(input).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw unreadable(input, error)
  })
  if (!stats)
    throw new FacetError(
      'file/unreadable',
      `${input} does not exist; name a picture or a folder of pictures.`,
      { file: input },
    )
  if (stats.isFile()) return { root: dirname(input), names: [basename(input)] }
  if (!stats.isDirectory())
    throw new FacetError(
      'file/unreadable',
      `${input} is neither a file nor a folder; name a picture or a folder of pictures.`,
      { file: input },
    )
  const names: string[] = []
  for await (const batch of scanPhotos(input, { signal })) names.push(...batch.map((picture) => picture.name))
  if (names.length === 0)
    throw new FacetError('file/unreadable', `${input} holds no pictures (jpg, png, webp, bmp, tiff).`, {
      file: input,
    })
  return { root: input, names }
}
