/** @file Small facts of a workspace by key, such as the image shown last; values are JSON. */
import type { ReadableDb, WritableDb } from './db'

/** The value under `key`, undefined where none was written; the caller checks its shape. */
export function readSetting(db: ReadableDb, key: string): unknown {
  const row = db.get<{ value: string }>('SELECT value FROM setting WHERE key = ?', key)
  return row === undefined ? undefined : JSON.parse(row.value)
}

/** Stores `value`, anything that JSON can say; undefined removes the key. */
export function writeSetting(db: WritableDb, key: string, value: unknown): void {
  if (value === undefined) db.run('DELETE FROM setting WHERE key = ?', key)
  else db.run('INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)', key, JSON.stringify(value))
}
