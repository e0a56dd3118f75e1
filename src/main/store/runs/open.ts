/**
 * @file Opening a database of training runs. Unlike a workspace's it may be open in several processes at once, each writing
 * its own run: `facet train` works while the window is open.
 */
import { join } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { Connection } from '../db'
import { migrate, type Migration } from '../migrate'
import { makeFolder } from '../open'
import { runs, RUNS_ID } from './0001-runs'
import { RunStore } from './runs'

export const RUNS_FILE = 'runs.db'
export const RUN_MIGRATIONS: readonly Migration[] = [runs]

/**
 * Opens `folder/runs.db`, making both where they are not there; the runs' own folders lie beside it. Throws `store/newer`,
 * `store/damaged` for a database of another program, `file/unwritable`.
 */
export function openRuns(folder: string, now: () => number = Date.now): RunStore {
  makeFolder(folder)
  const file = join(folder, RUNS_FILE)
  const connection = new Connection(file)
  try {
    const application = connection.pragma('application_id')
    const version = Number(connection.pragma('user_version'))
    if (version > 0 && application !== RUNS_ID)
      throw new FacetError(
        'store/damaged',
        `${file} is a database of another program; move it away, and Facet starts an empty one.`,
        { file },
      )
    if (version > RUN_MIGRATIONS.length)
      throw new FacetError(
        'store/newer',
        `${file} was written by a newer Facet (schema ${version}, this one knows up to ${RUN_MIGRATIONS.length}): update Facet.`,
        { file, found: version, expected: RUN_MIGRATIONS.length },
      )
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = FULL')
    connection.pragma('foreign_keys = ON')
    migrate(connection, RUN_MIGRATIONS)
    return new RunStore(connection, folder, now)
  } catch (error) {
    connection.close()
    throw error
  }
}
