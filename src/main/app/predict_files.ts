/** @file Masks for files on disk, without a workspace: what `facet predict` does. */
import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Checked, Complaint, PredictSummary, ProviderChoice } from '../../shared/api'
import { FacetError } from '../../shared/errors'
import { partMapFromLabels } from '../../shared/mask'
import { quantile } from '../base/quantile'
import { createPredictionWriter } from '../dataset/predicted'
import { isUnreadablePicture } from '../imaging/open'
import { pictureSize } from '../imaging/picture'
import { scanPictures } from '../imaging/scan'
import { describeFile } from '../models/named_file'
import { limitsOf } from '../models/limits'
import type { Context, Handlers } from './app'
import type { Work } from './jobs'
import { spread } from './precision'
import { gridOf } from './workspace'

export function predictFilesHandlers(context: Context): Pick<Handlers, 'predict.files'> {
  return {
    'predict.files': (request) =>
      context.jobs.run(request.job, 'predict.files', (work) => predictFiles(context, request, work)),
  }
}

/** Predicts one picture or all of a folder; a picture that cannot be read is a complaint, not the end. */
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
  const files = spread(names).map((name) => join(root, name))
  const check = precision === 'int8' ? await precisions.check(network, { files, own: true }, signal) : null
  const writer = await createPredictionWriter(resolve(request.out), request.layout, names)
  const complaints: Complaint[] = []
  const times: number[] = []
  // The last picture's masks are written while the engine works on the next.
  let writing: Promise<void> = Promise.resolve()
  for (const [i, name] of names.entries()) {
    signal.throwIfAborted()
    const picture = join(root, name)
    try {
      const { size } = request
      const grid = size === undefined ? gridOf(await pictureSize(picture)) : { width: size, height: size }
      const job = { network: { ...network, precision }, provider, picture, grid }
      const { labels, ms } = await inference.engine.submit('predict', job, { signal })
      times.push(ms)
      await writing
      writing = writer.write(name, partMapFromLabels(labels, grid.width, grid.height))
      // A failure is met at the next `await writing`; until then it is nobody's, which would end the process.
      writing.catch(() => undefined)
    } catch (error) {
      if (!isUnreadablePicture(error, picture)) throw error
      complaints.push({ file: name, message: error.message })
    }
    progress(i + 1, names.length)
  }
  await writing
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
