/** @file What the store's tests share: workspaces in temporary folders, seeded randomness, strokes, a look at raw tables. */
import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openStore } from '../../src/main/store/open'
import type { Store } from '../../src/main/store/store'
import type { PartMap } from '../../src/shared/mask'
import { seeded, type Random } from './strokes'

export { seeded, type Random }

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'facet-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An open workspace in a temporary folder, with a clock that ticks by one. */
export function temporaryStore(): Store {
  let time = 1000
  const store = openStore(join(temporaryFolder(), 'workspace.db'), { now: () => time++ })
  onTestFinished(() => store.close())
  return store
}

/** An image with its whole-picture face; gives their ids. */
export function addFace(
  store: Store,
  name: string,
  width: number,
  height: number,
): { image: number; face: number } {
  const [row] = store.scan().add([{ name, bytes: 100, mtimeMs: 5 }]).added
  if (!row) throw new Error(`${name} is in the store already`)
  return { image: row.id, face: store.ensureFace(row.id, { width, height }).id }
}

/** Works on the file behind the store's back, while no store has it open. */
export function tamper<T>(file: string, work: (database: Database.Database) => T): T {
  const database = new Database(file)
  try {
    return work(database)
  } finally {
    database.close()
  }
}

/** Labels of a checkerboard of `classes`, to predict. */
export function checkerboard(width: number, height: number, ...classes: number[]): Uint8Array {
  return Uint8Array.from(
    { length: width * height },
    (_, i) => classes[(i + Math.floor(i / width)) % classes.length] ?? 0,
  )
}

/** A copy that later changes do not reach. */
export function copyOf(map: PartMap): PartMap {
  return { ...map, bits: map.bits.slice() }
}
