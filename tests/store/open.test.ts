/** @file Opening: what is refused, that refusing changes nothing, one writer, and what a sound file looks like. */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Connection } from '../../src/main/store/db'
import { migrate, MIGRATIONS } from '../../src/main/store/migrate'
import { openReader, openStore } from '../../src/main/store/open'
import { FacetError, type ErrorCode } from '../../src/shared/errors'
import { encodePatch } from '../../src/shared/patch'
import { addFace, seeded, tamper, temporaryFolder, temporaryStore } from './helpers'
import { randomStroke } from './strokes'

/** Name and hash of every file in a folder, the empty lock aside. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith('-lock'))
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  )
}

function errorOf(work: () => unknown): FacetError {
  try {
    work()
  } catch (error) {
    if (error instanceof FacetError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** Opens, and holds that it is refused by that code, in a sentence with the file, leaving the folder as it was. */
function expectRefusal(file: string, code: ErrorCode): FacetError {
  const before = contents(dirname(file))
  const error = errorOf(() => openStore(file))
  expect(error.code).toBe(code)
  expect(error.message).toContain(file)
  expect(contents(dirname(file))).toEqual(before)
  return error
}

/** A closed workspace with a little of everything. */
function soundWorkspace(): string {
  const file = join(temporaryFolder(), 'workspace.db')
  const store = openStore(file)
  const { face } = addFace(store, 'a.jpg', 64, 64)
  const random = seeded(1)
  for (let part = 0; part < 18; part++) {
    const patch = encodePatch(randomStroke(random, store.readFace(face).map, part))
    store.commit({ face, kind: 'stroke', label: 'brush', part, patch, author: 'test' })
  }
  store.close()
  return file
}

describe('opening', () => {
  test('makes the folder and a workspace, and leaves one file and its lock when closed', () => {
    const file = join(temporaryFolder(), 'pictures', '.facet', 'workspace.db')
    const store = openStore(file)
    store.close()
    store.close()
    expect(readdirSync(dirname(file)).sort()).toEqual(['workspace.db', 'workspace.db-lock'])
    const settings = tamper(file, (database) =>
      ['application_id', 'user_version', 'journal_mode'].map((name) =>
        database.pragma(name, { simple: true }),
      ),
    )
    expect(settings).toEqual([0x46637431, MIGRATIONS.length, 'wal'])
  })

  test('keeps everything over a restart', () => {
    const file = soundWorkspace()
    const store = openStore(file)
    onTestFinished(() => store.close())
    expect(store.listRows()).toEqual([
      {
        id: 1,
        name: 'a.jpg',
        version: expect.any(String),
        status: 'corrected',
        split: null,
        golden: false,
        checked: null,
      },
    ])
    expect(store.history(1, 100).length).toBeGreaterThan(10)
    expect(store.state(1).canUndo).toBe(true)
  })

  test('starts anew over what a crash left of the first start', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      writeFileSync(`${file}.new${suffix}`, 'half a database')
    const store = openStore(file)
    store.close()
    expect(readdirSync(dirname(file)).sort()).toEqual(['workspace.db', 'workspace.db-lock'])
  })
})

describe('refuses and leaves untouched', () => {
  test('a text file', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    writeFileSync(file, 'these are notes and no database\n'.repeat(200))
    expect(expectRefusal(file, 'store/damaged').message).toContain('backup')
  })

  test('an empty file', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    writeFileSync(file, '')
    expectRefusal(file, 'store/damaged')
  })

  test('a folder of that name', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    mkdirSync(file)
    expect(errorOf(() => openStore(file)).message).toContain(file)
  })

  test.each(['wal', 'delete'])('a database of another program, journal mode %s', (mode) => {
    const file = join(temporaryFolder(), 'workspace.db')
    tamper(file, (database) => {
      database.pragma(`journal_mode = ${mode}`)
      database.exec('CREATE TABLE bookmark (url TEXT)')
    })
    expect(expectRefusal(file, 'store/damaged').message).toContain('another program')
  })

  test('a workspace of a newer Facet, naming the copy that would do', () => {
    const file = soundWorkspace()
    const expected = MIGRATIONS.length
    tamper(file, (database) => database.pragma(`user_version = ${expected + 1}`))
    const error = expectRefusal(file, 'store/newer')
    expect(error.message).toContain(`workspace.v${expected}.bak.db`)
    expect(error.details).toMatchObject({ found: expected + 1, expected })
  })

  test('a newer workspace whose last writes a crash left in the log', () => {
    const file = soundWorkspace()
    const crashed = join(temporaryFolder(), 'workspace.db')
    tamper(file, (database) => {
      database.pragma('user_version = 7')
      for (const suffix of ['', '-wal']) copyFileSync(file + suffix, crashed + suffix)
    })
    expect(existsSync(`${crashed}-wal`)).toBe(true)
    expect(expectRefusal(crashed, 'store/newer').details).toMatchObject({ found: 7 })
  })

  test('a log whose database was moved away after a crash', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    const other = soundWorkspace()
    tamper(other, (database) => {
      database.exec("INSERT INTO setting VALUES ('view', '1')")
      copyFileSync(`${other}-wal`, `${file}-wal`)
    })
    expect(expectRefusal(file, 'store/damaged').message).toContain('put that file back')
  })

  test('a workspace cut short', () => {
    const file = soundWorkspace()
    truncateSync(file, 3 * 4096 + 100)
    expectRefusal(file, 'store/damaged')
  })

  test('a workspace with overwritten pages', () => {
    const file = soundWorkspace()
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096, 4096 * 8)
    writeFileSync(file, bytes)
    expectRefusal(file, 'store/damaged')
  })
})

describe('one writer', () => {
  test('a second opener is told so, and may open once the first has closed', () => {
    const store = temporaryStore()
    const error = errorOf(() => openStore(store.file))
    expect(error.code).toBe('store/busy')
    expect(error.message).toContain(basename(store.file))
    expect(store.listRows()).toEqual([])
    store.close()
    openStore(store.file).close()
  })

  test('another program that only reads is not hindered', () => {
    const store = temporaryStore()
    addFace(store, 'a.jpg', 8, 8)
    expect(
      tamper(store.file, (database) => database.prepare('SELECT name FROM image').pluck().all()),
    ).toEqual(['a.jpg'])
  })

  test(
    'a program that holds a write for long makes a busy error, not a lost change',
    { timeout: 20_000 },
    () => {
      const store = temporaryStore()
      const { face } = addFace(store, 'a.jpg', 16, 16)
      const patch = encodePatch({
        rect: { x: 1, y: 1, width: 1, height: 1 },
        set: Uint32Array.of(2),
        clear: Uint32Array.of(0),
      })
      const change = { face, kind: 'stroke', label: 'brush', part: 1, patch, author: 'test' } as const
      tamper(store.file, (database) => {
        database.exec('BEGIN IMMEDIATE')
        expect(errorOf(() => store.commit(change)).code).toBe('store/busy')
        database.exec('ROLLBACK')
      })
      expect(store.readFace(face).areas[1]).toBe(0)
      expect(store.commit(change).canUndo).toBe(true)
      expect(store.readFace(face).areas[1]).toBe(1)
    },
  )
})

describe('a reader', () => {
  test('sees what another process writes, while it writes, and changes nothing', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    const store = openStore(file)
    store.syncImages([{ name: 'a.jpg', bytes: 1, mtimeMs: 1 }])
    const reader = openReader(file)
    expect(reader.listRows().map((row) => row.name)).toEqual(['a.jpg'])
    store.syncImages([
      { name: 'a.jpg', bytes: 1, mtimeMs: 1 },
      { name: 'b.jpg', bytes: 1, mtimeMs: 1 },
    ])
    expect(reader.listRows()).toHaveLength(2)
    reader.close()
    store.review(1, 'accepted')
    store.close()
  })

  test('brings what an older Facet left to the newest schema', () => {
    const file = join(temporaryFolder(), 'workspace.db')
    const connection = new Connection(file)
    migrate(connection, MIGRATIONS.slice(0, 1))
    connection.script("INSERT INTO image (name, bytes, mtime_ms, added_at) VALUES ('a.jpg', 1, 2, 3)")
    connection.close()
    const reader = openReader(file)
    expect(reader.listRows()).toMatchObject([{ name: 'a.jpg', golden: false, checked: null }])
    reader.close()
    expect(existsSync(join(dirname(file), 'workspace.v1.bak.db'))).toBe(true)
  })

  test('says so where there is no workspace', () => {
    expect(() => openReader(join(temporaryFolder(), 'workspace.db'))).toThrow(/There is no workspace at/)
  })
})
