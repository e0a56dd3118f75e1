/**
 * @file Opening a workspace's database: the right to write, a look that changes nothing, a verdict, and only then the
 * schema. What is not ours, damaged or from a newer Facet is left as it was, byte for byte.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
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
 * Opens the workspace database at `file` for reading, also while another process writes it; one of an older schema is
 * brought to the newest first. Throws `not-found` where there is none, else as `openStore` does.
 */
export function openReader(file: string): StoreReader {
  const path = resolve(file)
  if (!existsSync(path))
    throw new FacetError('not-found', `There is no workspace at ${path}.`, { file: path })
  if (examine(path) < MIGRATIONS.length) openStore(path).close()
  return new StoreReader(new Connection(path, { readonly: true }))
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
