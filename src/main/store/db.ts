/**
 * @file The database as two types, one that reads and one that also writes, so that a function given the first cannot
 * change anything; and SQLite's errors in our sentences.
 */
import Database from 'better-sqlite3'
import { invariant } from '../../shared/assert'
import { FacetError } from '../../shared/errors'

/** What SQLite takes for a `?`. */
export type Bindable = string | number | null | Uint8Array

/** Rows come back as the statement's columns; `Row` is the caller's word for them, held by STRICT tables. */
export interface ReadableDb {
  /** Path of the database file, for messages. */
  readonly file: string
  all<Row>(sql: string, ...values: Bindable[]): Row[]
  get<Row>(sql: string, ...values: Bindable[]): Row | undefined
}

export interface WritableDb extends ReadableDb {
  /** Runs one statement that writes; `id` is the row id of its last insert. */
  run(sql: string, ...values: Bindable[]): { changes: number; id: number }
  /** Runs a script of several statements: schema steps, never values. */
  script(sql: string): void
  /** All of `work` or nothing of it; inside another transaction, a part of that one. `work` must not wait. */
  transaction<T>(work: () => T): T
}

/** Milliseconds that a statement waits for another connection, such as a backup tool's, before `store/busy`. */
const BUSY_TIMEOUT = 2000

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that a person can do something about. */
function translate(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const is = (...codes: string[]) =>
    codes.some((code) => error.code === code || error.code.startsWith(`${code}_`))
  const say = (code: 'store/damaged' | 'store/busy' | 'file/unwritable', sentence: string) =>
    new FacetError(code, sentence, { file, sqlite: error.code }, { cause: error })
  if (is('SQLITE_CORRUPT', 'SQLITE_NOTADB')) {
    return say('store/damaged', `${file} is damaged (${error.message}): restore it from a backup copy.`)
  }
  if (is('SQLITE_BUSY', 'SQLITE_LOCKED')) {
    return say('store/busy', `${file} is in use by another program: close that program and try again.`)
  }
  if (is('SQLITE_FULL')) {
    return say('file/unwritable', `Cannot write ${file}: the disk is full. Nothing of this change was kept.`)
  }
  if (is('SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_IOERR')) {
    return say('file/unwritable', `Cannot write ${file} (${error.message}): check its folder and disk.`)
  }
  return error
}

/** One connection of better-sqlite3, its statements prepared once each. */
export class Connection implements WritableDb {
  readonly file: string
  readonly #database: Database.Database
  readonly #statements = new Map<string, Database.Statement<Bindable[]>>()

  /** Opens `file`; throws `store/…` or `file/unwritable`. */
  constructor(file: string, options: { readonly?: boolean; timeout?: number } = {}) {
    this.file = file
    this.#database = this.#guard(
      () =>
        new Database(file, {
          readonly: options.readonly ?? false,
          timeout: options.timeout ?? BUSY_TIMEOUT,
        }),
    )
  }

  all<Row>(sql: string, ...values: Bindable[]): Row[] {
    return this.#guard(() => this.#reading(sql).all(...values) as Row[])
  }

  get<Row>(sql: string, ...values: Bindable[]): Row | undefined {
    return this.#guard(() => this.#reading(sql).get(...values) as Row | undefined)
  }

  run(sql: string, ...values: Bindable[]): { changes: number; id: number } {
    return this.#guard(() => {
      const { changes, lastInsertRowid } = this.#statement(sql).run(...values)
      return { changes, id: Number(lastInsertRowid) }
    })
  }

  script(sql: string): void {
    this.#guard(() => this.#database.exec(sql))
  }

  transaction<T>(work: () => T): T {
    return this.#guard(() => this.#database.transaction(work).immediate())
  }

  /** A pragma's first value, as in `pragma('user_version')`; its name and value are ours, never a user's. */
  pragma(source: string): unknown {
    return this.#guard(() => this.#database.pragma(source, { simple: true }))
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #statement(sql: string): Database.Statement<Bindable[]> {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare<Bindable[]>(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #reading(sql: string): Database.Statement<Bindable[]> {
    const statement = this.#statement(sql)
    invariant(statement.readonly, `a reading call got a statement that writes: ${sql}`)
    return statement
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw translate(error, this.file)
    }
  }
}
