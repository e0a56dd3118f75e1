/** @file Datasets in and out: a CelebAMask-HQ folder into a workspace, a workspace's masks as a dataset. */
import { constants } from 'node:fs'
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Complaint, DatasetSummary, ExportSummary, ImageRow, WrittenDataset } from '../../shared/answers'
import type { Checked } from '../../shared/requests'
import { SPLITS, type Split, type Status } from '../../shared/terms'
import { assertNever, at } from '../../shared/assert'
import { FacetError, toWire } from '../../shared/errors'
import { partAreas } from '../../shared/mask'
import { noteOf } from '../../shared/notes'
import { isInside, unwritable } from '../base/fs'
import { exportCelebAMask } from '../dataset/celebamask/exporter'
import { leftOpen, readCelebAMask, readItemMasks, type CelebAMaskItem } from '../dataset/celebamask/importer'
import { exportIndexPng } from '../dataset/index_png'
import type { ExportItem, ExportOptions } from '../dataset/item'
import { assignIds } from '../dataset/names'
import type { Context, Handlers } from './app'
import type { Work } from './jobs'
import type { ReadableWorkspace } from './workspace'

/** Images brought in at a time: enough to keep the disk busy, few enough to cancel soon. */
const BATCH = 32

export function datasetHandlers({
  jobs,
  workspace,
}: Context): Pick<Handlers, 'dataset.import' | 'dataset.export'> {
  return {
    'dataset.import': ({ dataset, into, job }) =>
      jobs.run(job, 'dataset.import', (work) => importInto(workspace, resolve(dataset), resolve(into), work)),
    'dataset.export': (request) =>
      jobs.run(request.job, 'dataset.export', (work) => {
        const folder = request.folder ?? workspace.require().path
        return workspace.read(folder, (open) => exportFrom(open, request, work))
      }),
  }
}

/** Copies the dataset's photos into the workspace `into` and its masks into the store. */
async function importInto(
  holder: Context['workspace'],
  dataset: string,
  into: string,
  work: Work,
): Promise<DatasetSummary> {
  const { tree, items, complaints } = await readCelebAMask(dataset)
  if (isInside(tree.root, into)) {
    throw new FacetError(
      'usage',
      `${into} lies inside the dataset ${tree.root}; import into another folder, or open the dataset itself as a workspace.`,
    )
  }
  await mkdir(into, { recursive: true }).catch((error: unknown) => {
    throw unwritable(into, error)
  })
  const found: Complaint[] = [...complaints]
  let masks = 0
  const splits = Object.fromEntries(SPLITS.map((split) => [split, 0])) as Record<Split, number>
  const copied: CelebAMaskItem[] = []
  for (const item of items) {
    work.signal.throwIfAborted()
    if (await copyPhoto(item.image, join(into, basename(item.image)), found)) copied.push(item)
  }
  // Opened after the copying, so that its scan finds every photo.
  return holder.use(into, async (workspace) => {
    await workspace.rescan()
    for (let start = 0; start < copied.length; start += BATCH) {
      work.signal.throwIfAborted()
      const batch = copied.slice(start, start + BATCH)
      const read = await Promise.all(batch.map(readItemMasks))
      workspace.store.batch(() => {
        batch.forEach((item, i) => {
          const image = workspace.store.findImage(basename(item.image))
          if (!image) return
          if (item.split) {
            workspace.store.setSplit([image.id], item.split)
            splits[item.split]++
          }
          const masksOf = read[i]
          found.push(...(masksOf?.complaints ?? []))
          if (!masksOf?.map) return
          const { map, unread } = masksOf
          try {
            const face = workspace.store.ensureFace(image.id, map)
            const source = basename(tree.root)
            workspace.store.writeImport({ face: face.id, map, source, unread: [...unread.keys()] })
            const open = leftOpen(masksOf)
            if (open !== null) found.push({ file: image.name, message: open })
            masks += partAreas(map).filter((area) => area > 0).length
          } catch (error) {
            found.push({ file: image.name, message: toWire(error).message })
          }
        })
      })
      workspace.tellChanged(batch.map((item) => basename(item.image)))
      work.progress(start + batch.length, copied.length)
    }
    return { images: copied.length, masks, splits, complaints: found }
  })
}

/** One complaint about photos that are gone: whoever cleared a folder out knows. */
function gonePhotos([first, ...others]: readonly ImageRow[]): Complaint[] {
  if (!first) return []
  const message =
    others.length === 0 ? noteOf('photoGone', {}) : noteOf('photosGone', { others: others.length })
  return [{ file: first.name, message }]
}

/** False, with a complaint, where another photo of that name is there already. */
async function copyPhoto(from: string, to: string, complaints: Complaint[]): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (await isSameFile(from, to)) return true
    complaints.push({
      file: to,
      message: 'Another photo of this name is in the workspace; it was kept and its masks were not imported.',
    })
    return false
  }
}

/** By content: uncompressed photos of one size have one length, too. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)])
  if (one.size !== other.size) return false
  const [bytes, others] = await Promise.all([readFile(a), readFile(b)])
  return bytes.equals(others)
}

async function exportFrom(
  workspace: ReadableWorkspace,
  request: Checked<'dataset.export'>,
  work: Work,
): Promise<ExportSummary> {
  const all = workspace.store.listRows()
  // Numbers are given to all photos, so that a photo keeps its number whatever is exported with it.
  const ids = assignIds(all.map((row) => row.name))
  const leftOut = gonePhotos(
    workspace.store.listGone().filter(({ status }) => isWanted(status, request.only)),
  )
  const rows = all.flatMap((row, i) => {
    if (!isWanted(row.status, request.only)) return []
    // No format can say that only some parts count; whoever exports all takes predictions, too.
    const why = request.only === 'all' ? null : whyUnchecked(row)
    if (why === null) return { ...row, exportId: at(ids, i) }
    leftOut.push({ file: row.name, message: why })
    return []
  })
  const out = resolve(request.out)
  const [first] = leftOut
  // An export of nothing would take the place of what is there.
  if (rows.length === 0)
    throw new FacetError(
      'not-found',
      first
        ? noteOf('allLeftOut', { out, image: first.file, why: first.message })
        : noteOf('noneToExport', { only: request.only, out }),
    )

  function* items(): Generator<ExportItem> {
    for (const row of rows) {
      const [face] = workspace.store.faces(row.id)
      if (!face) continue
      const map = workspace.store.masks(face.id)
      yield { id: row.exportId, name: row.name, imagePath: workspace.fileOf(row.name), map, split: row.split }
    }
  }
  const options = {
    items: items(),
    out,
    size: request.size,
    signal: work.signal,
    progress: (done: number) => work.progress(done, rows.length),
  }
  const unmasked = request.only === 'all' ? all.filter(({ status }) => status === 'untouched').length : 0
  const summary = await write(options, request)
  return { ...summary, unmasked, complaints: [...leftOut, ...summary.complaints] }
}

function write(
  options: ExportOptions,
  { format, order }: Checked<'dataset.export'>,
): Promise<WrittenDataset> {
  switch (format) {
    case 'celebamask-hq':
      return exportCelebAMask(options)
    case 'index':
      return exportIndexPng({ ...options, order })
    default:
      return assertNever(format)
  }
}

/** Why a face is no ground truth as a whole, in a sentence; null where a person vouches for all of it. */
function whyUnchecked({ checked }: ImageRow): string | null {
  if (checked === null) return null
  return checked.length === 0
    ? noteOf('nothingChecked', {})
    : noteOf('checkedInPart', { parts: checked.join(', ') })
}

/** `corrected` is all that a person has worked on, accepted or not; `all` is all that has masks. */
function isWanted(status: Status, only: Checked<'dataset.export'>['only']): boolean {
  switch (only) {
    case 'accepted':
      return status === 'accepted'
    case 'corrected':
      return status === 'corrected' || status === 'accepted'
    case 'all':
      return status !== 'untouched'
    default:
      return assertNever(only)
  }
}
