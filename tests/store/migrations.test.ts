/** @file Schema steps: what the first makes, and that a later one is preceded by a whole copy of the file. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Connection } from '../../src/main/store/db'
import { backupName, migrate, MIGRATIONS, type Migration } from '../../src/main/store/migrate'
import { tamper, temporaryFolder, temporaryStore } from './helpers'

interface Column {
  name: string
  type: string
  notnull: number
  pk: number
}

/** `name TYPE` per column, with `!` where null is refused and `#` in the primary key. */
function columns(connection: Connection, table: string): string[] {
  return connection
    .all<Column>('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', table)
    .map(({ name, type, notnull, pk }) => `${name} ${type}${notnull ? '!' : ''}${pk ? '#' : ''}`)
}

function emptyDatabase(): Connection {
  const connection = new Connection(join(temporaryFolder(), 'workspace.db'))
  onTestFinished(() => connection.close())
  return connection
}

describe('0001-init', () => {
  test('takes an empty database to these strict tables', () => {
    const connection = emptyDatabase()
    expect(connection.all("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")).toEqual([])
    migrate(connection, MIGRATIONS.slice(0, 1))
    const tables = connection.all<{ name: string; strict: number }>(
      "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    expect(tables.map(({ name }) => name)).toEqual(['face', 'image', 'mask', 'revision', 'setting'])
    expect(tables.every(({ strict }) => strict === 1)).toBe(true)
    expect(Object.fromEntries(tables.map(({ name }) => [name, columns(connection, name)]))).toEqual({
      image: [
        'id INTEGER#', 'name TEXT!', 'bytes INTEGER!', 'mtime_ms INTEGER!', 'width INTEGER', 'height INTEGER',
        'split TEXT', 'review TEXT', 'status TEXT!', 'missing INTEGER!', 'added_at INTEGER!',
      ],
      face: [
        'id INTEGER#', 'image_id INTEGER!', 'position INTEGER!', 'centre_x REAL', 'centre_y REAL', 'half_x_x REAL',
        'half_x_y REAL', 'grid_width INTEGER!', 'grid_height INTEGER!',
      ],
      mask: ['face_id INTEGER!#', 'part INTEGER!#', 'runs BLOB!', 'area INTEGER!', 'crc INTEGER!', 'origin TEXT!'],
      revision: [
        'id INTEGER#', 'face_id INTEGER!', 'kind TEXT!', 'label TEXT!', 'parts INTEGER!', 'x INTEGER!', 'y INTEGER!',
        'width INTEGER!', 'height INTEGER!', 'patch BLOB!', 'crc INTEGER!', 'target INTEGER', 'undoable INTEGER!',
        'author TEXT!', 'model TEXT', 'at INTEGER!', 'origins TEXT!',
      ],
      setting: ['key TEXT!#', 'value TEXT!'],
    }) // prettier-ignore
    expect(connection.pragma('user_version')).toBe(1)
  })

  test('refuses rows that make no sense', () => {
    const store = temporaryStore()
    store.close()
    tamper(store.file, (database) => {
      const refused = (sql: string) => expect(() => database.exec(sql), sql).toThrow()
      const image = (values: string) =>
        `INSERT INTO image (name, bytes, mtime_ms, added_at, width, height, split, review) VALUES (${values})`
      database.exec(image("'a.jpg', 1, 2, 3, 4, 5, 'val', 'flagged'"))
      refused(image("'a.jpg', 1, 2, 3, 4, 5, NULL, NULL"))
      refused(image("'', 1, 2, 3, 4, 5, NULL, NULL"))
      refused(image("'b.jpg', 1, 2, 3, 4, NULL, NULL, NULL"))
      refused(image("'b.jpg', 1, 2, 3, 4, 5, 'some', NULL"))
      refused(image("'b.jpg', 'big', 2, 3, 4, 5, NULL, NULL"))
      refused('INSERT INTO face (image_id, position, grid_width, grid_height) VALUES (9, 0, 4, 4)')
      database.exec('INSERT INTO face (image_id, position, grid_width, grid_height) VALUES (1, 0, 4, 4)')
      refused(
        'INSERT INTO face (image_id, position, grid_width, grid_height, centre_x) VALUES (1, 1, 4, 4, 2.5)',
      )
      refused("INSERT INTO mask (face_id, part, runs, area, crc, origin) VALUES (1, 18, x'', 0, 0, 'hand')")
      refused("INSERT INTO mask (face_id, part, runs, area, crc, origin) VALUES (1, 0, x'', 0, 0, 'none')")
    })
  })
})

describe('0002-training', () => {
  test('gives every image a place for its pin and for what was checked', () => {
    const connection = emptyDatabase()
    migrate(connection, MIGRATIONS.slice(0, 1))
    connection.script(`
      INSERT INTO image (name, bytes, mtime_ms, added_at, split) VALUES ('a.jpg', 1, 2, 3, 'val'), ('b.jpg', 4, 5, 6, NULL);
    `)
    migrate(connection, MIGRATIONS.slice(0, 2))
    const added = { width: null, height: null, review: null, status: 'untouched', missing: 0 }
    const fresh = { ...added, golden: 0, checked: null }
    expect(connection.all('SELECT * FROM image')).toEqual([
      { ...fresh, id: 1, name: 'a.jpg', bytes: 1, mtime_ms: 2, added_at: 3, split: 'val' },
      { ...fresh, id: 2, name: 'b.jpg', bytes: 4, mtime_ms: 5, added_at: 6, split: null },
    ])
    for (const change of ['golden = 2', 'golden = NULL', 'checked = -1', 'checked = 262144'])
      expect(() => connection.run(`UPDATE image SET ${change}`), change).toThrow('constraint')
  })
})

const LATEST = MIGRATIONS.length
const next: Migration = {
  version: LATEST + 1,
  up(db) {
    db.script('ALTER TABLE setting ADD COLUMN changed_at INTEGER')
  },
}

describe('a schema change', () => {
  test('is preceded by a copy of the file as it was', () => {
    const connection = emptyDatabase()
    migrate(connection)
    connection.run("INSERT INTO setting (key, value) VALUES ('language', '\"ko\"')")
    migrate(connection, [...MIGRATIONS, next])
    expect(connection.pragma('user_version')).toBe(LATEST + 1)
    expect(connection.all('SELECT * FROM setting')).toEqual([
      { key: 'language', value: '"ko"', changed_at: null },
    ])
    const copy = backupName(connection.file, LATEST)
    expect(copy.endsWith(`workspace.v${LATEST}.bak.db`)).toBe(true)
    tamper(copy, (database) => {
      expect(database.pragma('user_version', { simple: true })).toBe(LATEST)
      expect(database.pragma('application_id', { simple: true })).toBe(0x46637431)
      expect(database.prepare('SELECT * FROM setting').all()).toEqual([{ key: 'language', value: '"ko"' }])
    })
    expect(existsSync(`${copy}.tmp`)).toBe(false)
  })

  test('that fails leaves the version it started from whole', () => {
    const connection = emptyDatabase()
    migrate(connection)
    const broken: Migration = {
      version: LATEST + 1,
      up(db) {
        next.up(db)
        db.script('ALTER TABLE nothing ADD COLUMN x')
      },
    }
    expect(() => migrate(connection, [...MIGRATIONS, broken])).toThrow('nothing')
    expect(connection.pragma('user_version')).toBe(LATEST)
    expect(columns(connection, 'setting')).toEqual(['key TEXT!#', 'value TEXT!'])
    migrate(connection, [...MIGRATIONS, next])
    expect(connection.pragma('user_version')).toBe(LATEST + 1)
  })

  test('out of order is a bug that shows at once', () => {
    expect(() => migrate(emptyDatabase(), [next])).toThrow('out of order')
  })
})

test('revisions are append-only, by any statement', () => {
  const connection = emptyDatabase()
  migrate(connection)
  connection.script(`
    INSERT INTO image (name, bytes, mtime_ms, added_at) VALUES ('a.jpg', 1, 2, 3);
    INSERT INTO face (image_id, position, grid_width, grid_height) VALUES (1, 0, 4, 4);
    INSERT INTO revision VALUES (1, 1, 'stroke', 'brush', 1, 0, 0, 1, 1, x'00', 0, NULL, 1, 'me', NULL, 5, 'nnnnnnnnnnnnnnnnnn');
  `)
  const before = connection.all('SELECT * FROM revision')
  for (const sql of [
    "UPDATE revision SET label = 'other'",
    'DELETE FROM revision',
    "INSERT OR REPLACE INTO revision SELECT id, face_id, kind, 'other', parts, x, y, width, height, patch, crc, target, undoable, author, model, at, origins FROM revision",
  ]) {
    expect(() => connection.run(sql), sql).toThrow('append-only')
  }
  expect(() => connection.run('DELETE FROM face')).toThrow('FOREIGN KEY')
  expect(connection.all('SELECT * FROM revision')).toEqual(before)
})

test('a reading call refuses a statement that writes', () => {
  const connection = emptyDatabase()
  migrate(connection)
  expect(() => connection.all("INSERT INTO setting VALUES ('a', '1') RETURNING key")).toThrow('writes')
  expect(connection.all('SELECT * FROM setting')).toEqual([])
})
