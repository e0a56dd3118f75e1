/**
 * @file Opening a workspace's database: the right to write, a look that changes nothing, a verdict, and only then the
 * schema. What is not ours, damaged or from a newer Facet is left as it was, byte for byte.
 */
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { Connection } from './db'
import { takeLock } from './lock'
import { backupName, migrate, MIGRATIONS } from './migrate'
import { APPLICATION_ID } from './migrations/0001-init'
import { StoreReader } from './reader'
import { Store } from './store'

/**
 * Opens the workspace database at `file` for this process alone, making it (and its folder) where there is none.
 * `now` gives milliseconds since 1970. Throws `store/busy` where another process has it open, `store/newer` for a
 * schema this Facet does not know, `store/damaged` for what is broken or not a workspace, `file/unwritable`.
 */
export function openStore(file: string, options: { now?: () => number } = {}): Store {
  const path = resolve(file)
  makeFolder(dirname(path))
  const lock = takeLock(path)
  try {
    if (existsSync(path)) examine(path)
    else create(path)
    const connection = connect(path)
    migrate(connection)
    return new Store(connection, lock, options.now ?? Date.now)
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * Opens the workspace database at `file` for reading, also while another process writes it, and in a read-only folder; one
 * of an older schema is brought to the newest first. Throws `not-found` where there is none, else as `openStore` does.
 */
export function openReader(file: string): StoreReader {
  const path = resolve(file)
  if (!existsSync(path))
    throw new FacetError('not-found', `There is no workspace at ${path}, or you may not look there.`, {
      file: path,
    })
  if (!canHaveLog(path)) return openCopy(path)
  if (examine(path) < MIGRATIONS.length) openStore(path).close()
  return new StoreReader(new Connection(path, { readonly: true }))
}

/** SQLite reads by a log and its index, too: those of a process that writes, or its own beside the file. */
function canHaveLog(path: string): boolean {
  if (['-wal', '-shm'].every((suffix) => existsSync(path + suffix))) return true
  try {
    accessSync(dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Reads a copy in a temporary folder, which goes when the reader is closed. */
function openCopy(path: string): StoreReader {
  const folder = mkdtempSync(join(tmpdir(), 'facet-read-'))
  const copy = join(folder, basename(path))
  try {
    for (const suffix of ['', '-wal']) {
      if (!existsSync(path + suffix)) continue
      copyFileSync(path + suffix, copy + suffix, constants.COPYFILE_FICLONE)
      chmodSync(copy + suffix, 0o600)
    }
    openStore(copy).close()
    return new CopyReader(new Connection(copy, { readonly: true }), folder)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    const reason = error instanceof Error ? error.message : String(error)
    const [code, message] =
      error instanceof FacetError
        ? [error.code, error.message.replaceAll(copy, path)]
        : (['file/unreadable', `Cannot read ${path}: ${reason}.`] as const)
    throw new FacetError(code, message, { file: path }, { cause: error })
  }
}

class CopyReader extends StoreReader {
  readonly #folder: string

  constructor(connection: Connection, folder: string) {
    super(connection)
    this.#folder = folder
  }

  override close(): void {
    super.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Makes the folder of a database. Throws `file/unwritable`. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new FacetError(
      'file/unwritable',
      `Cannot make the folder ${folder}: ${reason}.`,
      { file: folder },
      { cause: error },
    )
  }
}

/** FULL makes a commit survive a power cut; better-sqlite3 would fall back to NORMAL in WAL mode. */
function connect(path: string): Connection {
  const connection = new Connection(path)
  try {
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = FULL')
    connection.pragma('foreign_keys = ON')
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Makes a new database under a temporary name, so that a crash never leaves half a workspace. */
function create(path: string): void {
  const log = `${path}-wal`
  if (existsSync(log)) {
    // SQLite would replay this log into the new database.
    throw new FacetError(
      'store/damaged',
      `${log} belongs to a workspace whose ${path} is gone: put that file back beside it, or move the log away too.`,
      { file: log },
    )
  }
  const temporary = `${path}.new`
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(temporary + suffix, { force: true })
  const connection = connect(temporary)
  try {
    migrate(connection)
  } finally {
    connection.close()
  }
  renameSync(temporary, path)
}

/** The schema's version. Throws unless the file is a sound workspace of one we know. Leaves it and its folder as they were. */
function examine(path: string): number {
  const refuse = (found: string, cause?: unknown): never => {
    throw new FacetError(
      'store/damaged',
      `${path} ${found}. It was left untouched: put a backup copy in its place, or move it and any ${path}-wal away, and Facet starts an empty workspace.`,
      { file: path },
      { cause },
    )
  }
  let found: { application: unknown; version: number; check: unknown }
  try {
    found = look(path)
  } catch (error) {
    if (!(error instanceof FacetError && error.code === 'store/damaged')) throw error
    return refuse('is damaged or is not a workspace: SQLite cannot read it', error)
  }
  if (found.application !== APPLICATION_ID) return refuse('is a database of another program')
  const newest = MIGRATIONS.length
  if (found.version > newest) {
    throw new FacetError(
      'store/newer',
      `${path} was written by a newer Facet (schema ${found.version}, this one knows up to ${newest}): update Facet, or put the copy ${backupName(path, newest)} in its place.`,
      { file: path, found: found.version, expected: newest },
    )
  }
  if (found.version < 1) return refuse('has no schema')
  if (found.check !== 'ok') return refuse(`is damaged (${String(found.check)})`)
  return found.version
}

/**
 * Reads without writing: the file, and the write-ahead log where a crash left one. SQLite makes a log and its index
 * also to read, and a connection that only reads leaves them behind, so those that were not there are removed.
 */
function look(path: string): { application: unknown; version: number; check: unknown } {
  const appearing = ['-wal', '-shm'].map((suffix) => path + suffix).filter((beside) => !existsSync(beside))
  const connection = new Connection(path, { readonly: true })
  try {
    const application = connection.pragma('application_id')
    const version = Number(connection.pragma('user_version'))
    const ours = application === APPLICATION_ID && version <= MIGRATIONS.length
    return { application, version, check: ours ? connection.pragma('quick_check(1)') : null }
  } finally {
    connection.close()
    for (const beside of appearing) rmSync(beside, { force: true })
  }
}
