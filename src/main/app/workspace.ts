/**
 * @file The open workspace: a folder of pictures with its store, the scan that fills it, and, for a folder that is a
 * CelebAMask-HQ tree, its masks coming in as parts and its partition as splits.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import type { ImageRow, WorkspaceInfo } from '../../shared/answers'
import type { Events } from '../../shared/api'
import { FacetError, toWire } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import { Loudspeaker } from '../base/events'
import { leftOpen } from '../dataset/celebamask/importer'
import { pictureSize } from '../imaging/picture'
import type { Face, Grid } from '../store/faces'
import { openReader, openStore } from '../store/open'
import type { StoreReader } from '../store/reader'
import type { Store } from '../store/store'
import type { Context, Handlers } from './app'
import type { Deps } from './deps'
import { openTree, scanPhotos, type Tree, type TreeItem } from './tree'

/** Masks of a photo are as large as the photo, its longer side at most this. */
const MAX_SIDE = 1024
const LAST_IMAGE = 'lastImage'
const STORE_FILE = 'workspace.db'

/** What an export needs of a workspace. */
export interface ReadableWorkspace {
  readonly store: StoreReader
  /** Where an image's file is. */
  fileOf(name: string): string
}

export class Workspace implements ReadableWorkspace {
  readonly #events: Loudspeaker<Events>
  readonly #stop = new AbortController()
  readonly #tree: Promise<Tree | null>
  scanning = true
  /** Settles when the folder was walked through and, of a tree, all masks are in. */
  readonly ready: Promise<void>

  constructor(
    readonly path: string,
    /** Where `.facet` is. */
    readonly facetDir: string,
    readonly store: Store,
    events: Loudspeaker<Events>,
  ) {
    this.#events = events
    this.#tree = openTree(path)
    this.ready = this.#fill().catch((error: unknown) => {
      if (!this.#stop.signal.aborted)
        events.emit('notice', { level: 'error', message: toWire(error).message })
    })
  }

  info(): WorkspaceInfo {
    const last = this.store.readSetting(LAST_IMAGE)
    return {
      path: this.path,
      name: basename(this.path),
      store: this.facetDir,
      images: this.store.countRows(),
      scanning: this.scanning,
      lastImage: typeof last === 'number' ? last : null,
    }
  }

  /** Where an image's file is. */
  fileOf(name: string): string {
    return join(this.path, name)
  }

  /** The whole-picture face of an image, made on first use; an image of a tree has its masks imported first. */
  async faceOf(image: number): Promise<Face> {
    const [known] = this.store.faces(image)
    if (known && this.store.history(known.id, 1).length > 0) return known
    const record = this.store.image(image)
    const item = (await this.#tree)?.itemOf(record.name)
    if (item) {
      const face = await this.#importItem(image, item)
      if (face) return face
    }
    return this.store.ensureFace(image, gridOf(await this.sizeOf(image)))
  }

  /** Width and height of the upright photo in pixels. */
  async sizeOf(image: number): Promise<Grid> {
    const { name, width, height } = this.store.image(image)
    if (width !== null && height !== null) return { width, height }
    const size = await pictureSize(this.fileOf(name))
    this.store.setSize(image, size.width, size.height)
    return size
  }

  /** Remembers what was on screen, to come back to it. */
  showed(image: number): void {
    this.store.writeSetting(LAST_IMAGE, image)
  }

  /** Tells the list what images of these names count as now. */
  tellChanged(names: readonly string[]): void {
    const ids = names.flatMap((name) => this.store.findImage(name)?.id ?? [])
    this.#events.emit('images.changed', { rows: this.store.rows(ids) })
  }

  /** Walks through the folder again, after files were put there. */
  async rescan(): Promise<void> {
    await this.ready
    await this.#walk()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.ready
    this.store.close()
  }

  async #fill(): Promise<void> {
    await this.#walk()
    await this.#importTree(this.#stop.signal)
  }

  /** Walks the folder, telling what it finds as it goes. */
  async #walk(): Promise<void> {
    const { signal } = this.#stop
    const scan = this.store.scan()
    // What somebody worked on stays in the list, even if it is a copy that an export made.
    const worked = this.store.listRows().filter(isWorkedOn)
    const files = worked.map(({ name }) => this.fileOf(name))
    const keeps = (path: string): boolean => files.some((file) => file.startsWith(path + sep))
    for await (const batch of scanPhotos(this.path, { signal, keeps })) {
      const { added, changed } = scan.add(batch)
      if (added.length > 0) this.#events.emit('images.added', { rows: added })
      if (changed.length > 0) this.#events.emit('images.changed', { rows: changed })
      this.#events.emit('workspace.scan', { images: this.store.countRows(), done: false })
    }
    signal.throwIfAborted()
    scan.finish()
    this.scanning = false
    this.#events.emit('workspace.scan', { images: this.store.countRows(), done: true })
  }

  async #importTree(signal: AbortSignal): Promise<void> {
    const tree = await this.#tree
    if (!tree) return
    this.#complainAll(tree.complaints)
    for (const { id, name, split } of this.store.listRows()) {
      signal.throwIfAborted()
      const item = tree.itemOf(name)
      if (!item) continue
      if (item.split !== null && split === null) {
        this.store.setSplit([id], item.split)
        this.#events.emit('images.changed', { rows: this.store.rows([id]) })
      }
      const [face] = this.store.faces(id)
      if (!face || this.store.history(face.id, 1).length === 0) await this.#importItem(id, item)
    }
  }

  /** Null where the item's masks cannot be read, which is told: the image is then as one without masks. */
  async #importItem(image: number, item: TreeItem): Promise<Face | null> {
    try {
      const masks = await item.read()
      const { map, unread, complaints } = masks
      const sentences = complaints.map(({ file, message }) => `${file}: ${message}`)
      const open = leftOpen(masks)
      this.#complainAll(open === null ? sentences : [...sentences, open])
      if (!map) return null
      // Another call may have been quicker while the masks were read.
      const [known] = this.store.faces(image)
      if (known && this.store.history(known.id, 1).length > 0) return known
      const face = this.store.ensureFace(image, map)
      const { source } = item
      const { revision } = this.store.writeImport({ face: face.id, map, source, unread: [...unread.keys()] })
      this.#events.emit('images.changed', { rows: this.store.rows([image]) })
      this.#events.emit('masks.changed', { image, face: face.id, revision })
      return face
    } catch (error) {
      this.#events.emit('notice', { level: 'warning', message: toWire(error).message })
      return null
    }
  }

  /** A few sentences are told one by one, many as a count with the first. */
  #complainAll(complaints: readonly string[]): void {
    const [first] = complaints
    if (first === undefined) return
    const message =
      complaints.length > 3
        ? `${first} (and ${complaints.length - 1} more such complaints)`
        : complaints.join('\n')
    this.#events.emit('notice', { level: 'warning', message })
  }
}

/** True for an image in which a person, or an import, had a say: it holds more than what a model said. */
function isWorkedOn({ status, golden, checked }: ImageRow): boolean {
  return (status !== 'untouched' && status !== 'predicted') || golden || checked !== null
}

/** A photo's own mask grid: its size, the longer side at most 1024. */
export function gridOf({ width, height }: Grid): Grid {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** At most one workspace is open. */
export class WorkspaceHolder {
  current: Workspace | null = null
  /** Opening and closing take turns. */
  #turn: Promise<unknown> = Promise.resolve()
  #leaving: () => Promise<void> = () => Promise.resolve()

  constructor(
    readonly paths: Deps['paths'],
    readonly events: Loudspeaker<Events>,
  ) {}

  /** The open workspace. Throws `not-found` where none is. */
  require(): Workspace {
    if (!this.current) throw new FacetError('not-found', 'No folder is open; open one first.')
    return this.current
  }

  /** Opens `path` in place of what is open. Throws `file/unreadable` or an error of the store. */
  open(path: string): Promise<Workspace> {
    const folder = resolve(path)
    return this.#inTurn(async () => {
      if (this.current?.path === folder) return this.current
      const opened = this.#load(folder, this.events)
      await this.#closeCurrent()
      this.current = opened
      this.events.emit('workspace.changed', {})
      return opened
    })
  }

  /**
   * Uses the workspace at `path`, the open one or one opened for this alone, once it has been walked through. Of the
   * latter only notices are told: the window shows another folder.
   */
  async use<T>(path: string, work: (workspace: Workspace) => Promise<T>): Promise<T> {
    const folder = resolve(path)
    const isOpen = this.current?.path === folder
    const notices = new Loudspeaker<Events>()
    notices.on('notice', (notice) => this.events.emit('notice', notice))
    const workspace = isOpen && this.current ? this.current : this.#load(folder, notices)
    try {
      await workspace.ready
      return await work(workspace)
    } finally {
      if (!isOpen) await workspace.close()
    }
  }

  /** As `use`, for reading only: a workspace that another Facet has open, or that is read-only, is read as it stands. */
  async read<T>(path: string, work: (workspace: ReadableWorkspace) => Promise<T>): Promise<T> {
    const found = findStore(resolve(path), this.paths.dataDir)
    if (found && !isWritable(found.dir)) return this.readStored(path, work)
    try {
      return await this.use(path, work)
    } catch (error) {
      if (!(error instanceof FacetError && error.code === 'store/busy')) throw error
      return this.readStored(path, work)
    }
  }

  /**
   * Reads what the workspace at `path` has stored, without walking through its folder or importing anything, by a
   * connection of its own: whoever has it open may go on, or close it. Throws `not-found` where there is none.
   */
  async readStored<T>(path: string, work: (workspace: ReadableWorkspace) => Promise<T>): Promise<T> {
    const folder = resolve(path)
    const store = openReader(join(this.#storeOf(folder, this.events) ?? join(folder, '.facet'), STORE_FILE))
    try {
      return await work({ store, fileOf: (name) => join(folder, name) })
    } finally {
      store.close()
    }
  }

  #load(folder: string, events: Loudspeaker<Events>): Workspace {
    const stats = statSync(folder, { throwIfNoEntry: false })
    if (!stats?.isDirectory()) {
      const message = noteOf(stats ? 'noFolderButFile' : 'noFolder', { folder })
      throw new FacetError('file/unreadable', message, { file: folder })
    }
    const found = this.#storeOf(folder, events)
    if (found !== null && !isWritable(found))
      throw new FacetError(
        'file/unwritable',
        `${found} holds what was done in ${folder}, and you may not write there: have that allowed, or open a copy of the whole folder. As it is, it can be exported and tested.`,
        { file: found },
      )
    const facetDir = found ?? makeStoreFolder(folder, this.paths.dataDir)
    return new Workspace(folder, facetDir, openStore(join(facetDir, STORE_FILE)), events)
  }

  /** Where the store of `folder` is, null where there is none yet. That work lies in a second one is told. */
  #storeOf(folder: string, events: Loudspeaker<Events>): string | null {
    if (this.current?.path === folder) return this.current.facetDir
    const found = findStore(folder, this.paths.dataDir)
    if (found?.unused)
      events.emit('notice', {
        level: 'warning',
        message: `Work on ${folder} lies in two places: ${found.dir} is used, ${found.unused} is not. Move one of them away to use the other.`,
      })
    return found?.dir ?? null
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#closeCurrent())
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Has `leave` called when a workspace is closed, which waits for it. */
  onClose(leave: () => Promise<void>): void {
    this.#leaving = leave
  }

  async #closeCurrent(): Promise<void> {
    const closing = this.current
    this.current = null
    if (closing === null) return
    this.events.emit('workspace.changed', {})
    try {
      await this.#leaving()
    } finally {
      await closing.close()
    }
  }
}

/** Where the store of `folder` may be: `.facet` beside the pictures; in the data folder, under a name made of the path. */
export function storeFolders(folder: string, dataDir: string): [beside: string, apart: string] {
  const name = `${basename(folder)}-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`
  return [join(folder, '.facet'), join(dataDir, 'workspaces', name)]
}

/**
 * The folder of `folder`'s store, null where there is none. It stays where it is when the pictures become read-only, or
 * writable. Of two, one with a person's work in it, then one that can be written, then that beside the pictures; `unused`
 * is the other where work is in that, too.
 */
export function findStore(folder: string, dataDir: string): { dir: string; unused: string | null } | null {
  const found = storeFolders(folder, dataDir).filter(holdsStore)
  const worked = found.length > 1 ? found.filter(holdsWork) : []
  const candidates = worked.length > 0 ? worked : found
  const dir = candidates.find(isWritable) ?? candidates[0]
  return dir === undefined ? null : { dir, unused: worked.find((other) => other !== dir) ?? null }
}

/** True also for a folder that may not be looked into: what it holds must not seem to be gone. */
export function holdsStore(dir: string): boolean {
  try {
    return statSync(join(dir, STORE_FILE)).isFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}

/** True where a person or an import decided anything, and where that cannot be found out. */
function holdsWork(dir: string): boolean {
  try {
    const store = openReader(join(dir, STORE_FILE))
    try {
      return store.listRows().some(isWorkedOn)
    } finally {
      store.close()
    }
  } catch (error) {
    if (error instanceof FacetError) return true
    throw error
  }
}

/** True where the store in `dir` can be written. */
export function isWritable(dir: string): boolean {
  try {
    for (const path of [dir, join(dir, STORE_FILE)]) accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** For a new store: beside the pictures, apart from them where that is read-only. */
function makeStoreFolder(folder: string, dataDir: string): string {
  const [beside, apart] = storeFolders(folder, dataDir)
  try {
    mkdirSync(beside, { recursive: true })
    accessSync(beside, constants.W_OK)
    return beside
  } catch {
    mkdirSync(apart, { recursive: true })
    return apart
  }
}

export function workspaceHandlers({
  deps,
  settings,
  workspace,
}: Context): Pick<Handlers, 'workspace.open' | 'workspace.sample' | 'workspace.current' | 'workspace.close'> {
  const open = async (path: string): Promise<WorkspaceInfo> => {
    const opened = await workspace.open(path)
    // At once: another opening may close it while the settings are written.
    const info = opened.info()
    const recent = [opened.path, ...settings.current.recent.filter((known) => known !== opened.path)].slice(
      0,
      12,
    )
    await settings.write({ recent })
    return info
  }
  return {
    'workspace.open': ({ path }) => open(path),
    /** The shipped portraits, copied once to where the user may write. */
    async 'workspace.sample'() {
      const folder = join(deps.paths.dataDir, 'sample')
      await mkdir(folder, { recursive: true })
      await cp(join(deps.paths.resources, 'sample', 'aligned'), folder, { recursive: true, force: false })
      return open(folder)
    },
    'workspace.current': () => workspace.current?.info() ?? null,
    async 'workspace.close'() {
      await workspace.close()
      return null
    },
  }
}
