/** @file The masks of a face as rows: one per decided part, with its area and who decided it. */
import type { PartMask, PartOrigin } from '../../shared/answers'
import type { Split, Status } from '../../shared/terms'
import { at, invariant } from '../../shared/assert'
import { PART_COUNT, PART_NAMES } from '../../shared/labels'
import { createPartMap, drawRuns, type PartMap } from '../../shared/mask'
import { pack, unpack } from './blobs'
import type { ReadableDb, WritableDb } from './db'
import type { Face } from './faces'

/** All masks of a face: pixels, and per part (0..17) its pixel count and who decided it (`none`: nobody yet). */
export interface FaceParts {
  readonly map: PartMap
  readonly areas: number[]
  readonly origins: PartOrigin[]
}

interface StoredMask {
  part: number
  runs: Uint8Array
  area: number
  crc: number
  origin: Exclude<PartOrigin, 'none'>
}

/** Hands every stored row's run lengths to `use`; a row that is damaged throws `store/damaged` with image and part. */
function eachMask(db: ReadableDb, face: Face, use: (row: StoredMask, runs: Uint8Array) => void): void {
  const rows = db.all<StoredMask>(
    'SELECT part, runs, area, crc, origin FROM mask WHERE face_id = ? ORDER BY part',
    face.id,
  )
  for (const row of rows) {
    const what = `The mask of ${at(PART_NAMES, row.part)} of '${face.name}'`
    unpack({ bytes: row.runs, crc: row.crc }, what, db.file, (runs) => use(row, runs))
  }
}

/** A face of which a part was decided, with its image. */
export interface DecidedFace {
  readonly face: number
  /** Id of the image. */
  readonly image: number
  readonly name: string
  readonly status: Status
  readonly split: Split | null
  /** Bit `p` for each part 0..17 that has pixels. */
  readonly parts: number
  readonly golden: boolean
  /** Bits of the parts that a person vouches for; null: all of the image. */
  readonly checked: number | null
}

/** The whole-picture faces with a row, of images whose file is there, by name. */
export function listDecided(db: ReadableDb): DecidedFace[] {
  const rows = db.all<Omit<DecidedFace, 'golden'> & { golden: 0 | 1 }>(
    `SELECT image.id AS image, face.id AS face, name, status, split, golden, checked,
       sum(CASE WHEN area > 0 THEN 1 << part ELSE 0 END) AS parts
     FROM mask JOIN face ON face.id = mask.face_id JOIN image ON image.id = face.image_id
     WHERE missing = 0 AND centre_x IS NULL GROUP BY face.id ORDER BY name`,
  )
  return rows.map((row) => ({ ...row, golden: row.golden === 1 }))
}

/** The 18 parts as pixels. Throws `store/damaged`. */
export function readParts(db: ReadableDb, face: Face): FaceParts {
  const map = createPartMap(face.grid.width, face.grid.height)
  const areas = new Array<number>(PART_COUNT).fill(0)
  const origins = new Array<PartOrigin>(PART_COUNT).fill('none')
  eachMask(db, face, (row, runs) => {
    drawRuns(map, row.part, runs)
    areas[row.part] = row.area
    origins[row.part] = row.origin
  })
  return { map, areas, origins }
}

/** The 18 parts as run lengths, in PART_NAMES' order, as a window takes them. Throws `store/damaged`. */
export function readRuns(db: ReadableDb, face: Face): PartMask[] {
  const masks = PART_NAMES.map((part): PartMask => ({
    part,
    runs: new Uint8Array(0),
    area: 0,
    origin: 'none',
  }))
  eachMask(db, face, (row, runs) => {
    const mask = at(masks, row.part)
    // A copy of its own: zlib may hand out a slice of a larger block.
    mask.runs = new Uint8Array(runs)
    mask.area = row.area
    mask.origin = row.origin
  })
  return masks
}

/**
 * Stores what became of `part`: `runs` are encodeRuns' bytes, or null where its pixels are as before and only its
 * origin is to be written. The origin `none`, which an absent part alone can have, removes the row.
 */
export function writeMask(
  db: WritableDb,
  face: Face,
  part: number,
  mask: { runs: Uint8Array | null; area: number; origin: PartOrigin },
): void {
  const { runs, area, origin } = mask
  if (origin === 'none') {
    invariant(area === 0, `part ${part} of face ${face.id} has pixels that nobody decided`)
    db.run('DELETE FROM mask WHERE face_id = ? AND part = ?', face.id, part)
    return
  }
  if (runs === null) {
    const update = 'UPDATE mask SET origin = ? WHERE face_id = ? AND part = ?'
    if (db.run(update, origin, face.id, part).changes > 0) return
    invariant(area === 0, `part ${part} of face ${face.id} has pixels but no row`)
  }
  const { bytes, crc } = pack(runs ?? new Uint8Array(0))
  db.run(
    'INSERT OR REPLACE INTO mask (face_id, part, runs, area, crc, origin) VALUES (?, ?, ?, ?, ?, ?)',
    face.id,
    part,
    bytes,
    area,
    crc,
    origin,
  )
}
