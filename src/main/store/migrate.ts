/** @file Schema steps in order, each in its own transaction, with a copy of the file before the first of them. */
import { renameSync, rmSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { invariant } from '../../shared/assert'
import type { Connection, WritableDb } from './db'
import { init } from './migrations/0001-init'
import { training } from './migrations/0002-training'

/** Takes a workspace from schema `version - 1` to `version`; `user_version` is the truth. */
export interface Migration {
  readonly version: number
  up(db: WritableDb): void
}

/** Every step, oldest first: `MIGRATIONS[n]` makes schema n + 1. */
export const MIGRATIONS: readonly Migration[] = [init, training]

/** Where the copy of `file` as it was in schema `version` goes: `workspace.v1.bak.db` beside `workspace.db`. */
export function backupName(file: string, version: number): string {
  const { name, ext } = parse(file)
  return join(dirname(file), `${name}.v${version}.bak${ext}`)
}

/** Brings an open workspace, or an empty database, to the newest schema of `migrations`. */
export function migrate(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): void {
  const version = Number(connection.pragma('user_version'))
  if (version >= migrations.length) return
  if (version > 0) backUp(connection, backupName(connection.file, version))
  for (const migration of migrations.slice(version)) {
    invariant(
      migrations[migration.version - 1] === migration,
      `migration ${migration.version} is out of order`,
    )
    connection.transaction(() => {
      // Another process may have been quicker, where a database is not one writer's own.
      if (Number(connection.pragma('user_version')) >= migration.version) return
      migration.up(connection)
      connection.pragma(`user_version = ${migration.version}`)
    })
  }
}

/** A whole copy, under a temporary name until it is complete; an older one of the same schema gives way. */
function backUp(connection: Connection, target: string): void {
  const temporary = `${target}.tmp`
  rmSync(temporary, { force: true })
  connection.run('VACUUM INTO ?', temporary)
  renameSync(temporary, target)
}
