/**
 * @file Who may write a workspace: the holder of an exclusive SQLite lock on a file beside it. The operating system
 * drops such a lock with its process, so a killed Facet leaves none behind; readers of the workspace are not hindered.
 */
import { FacetError } from '../../shared/errors'
import { Connection } from './db'

export interface Lock {
  release(): void
}

/**
 * Takes the one right to write the workspace of `file`, or throws `store/busy` at once.
 * The lock's own file stays, empty: removing it would let two later takers lock two different files of one name.
 */
export function takeLock(file: string): Lock {
  const connection = new Connection(`${file}-lock`, { timeout: 0 })
  try {
    // An exclusive transaction that writes nothing: a journal in memory, so that no second file appears.
    connection.pragma('journal_mode = MEMORY')
    connection.script('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    if (error instanceof FacetError && error.code === 'store/busy') {
      throw new FacetError(
        'store/busy',
        `${file} is open in another Facet (a window, a server or a command): close it there and try again.`,
        { file },
        { cause: error },
      )
    }
    throw error
  }
  return { release: () => connection.close() }
}
