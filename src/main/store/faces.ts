/** @file The faces of an image: where each is in its picture and how large its mask grid is. */
import { FacetError } from '../../shared/errors'
import { MAX_GRID } from '../../shared/mask'
import type { ReadableDb, WritableDb } from './db'

/** Width and height of a mask grid in pixels. */
export interface Grid {
  readonly width: number
  readonly height: number
}

/** A square region as a similarity, in pixels of the upright picture. */
export interface FaceRegion {
  readonly centre: readonly [number, number]
  /** From the centre to the middle of the region's right edge. */
  readonly halfX: readonly [number, number]
}

export interface Face {
  readonly id: number
  readonly image: number
  /** The image's path below the workspace, for messages. */
  readonly name: string
  /** 0 for the first face of its image. */
  readonly position: number
  /** Null: the whole picture. */
  readonly region: FaceRegion | null
  readonly grid: Grid
}

interface StoredFace {
  id: number
  image: number
  name: string
  position: number
  centre_x: number | null
  centre_y: number | null
  half_x_x: number | null
  half_x_y: number | null
  grid_width: number
  grid_height: number
}

const SELECT = `SELECT face.id, image_id AS image, name, position, centre_x, centre_y, half_x_x, half_x_y,
  grid_width, grid_height FROM face JOIN image ON image.id = image_id`

function fromRow(row: StoredFace): Face {
  const { id, image, name, position, centre_x, centre_y, half_x_x, half_x_y } = row
  const whole = centre_x === null || centre_y === null || half_x_x === null || half_x_y === null
  const region: FaceRegion | null = whole
    ? null
    : { centre: [centre_x, centre_y], halfX: [half_x_x, half_x_y] }
  return { id, image, name, position, region, grid: { width: row.grid_width, height: row.grid_height } }
}

/** One face; throws `not-found`. */
export function readFaceRow(db: ReadableDb, id: number): Face {
  const row = db.get<StoredFace>(`${SELECT} WHERE face.id = ?`, id)
  if (!row)
    throw new FacetError('not-found', `There is no face ${id} in ${db.file}.`, { file: db.file, face: id })
  return fromRow(row)
}

/** The faces of an image in order; empty before the first was made. */
export function facesOf(db: ReadableDb, image: number): Face[] {
  return db.all<StoredFace>(`${SELECT} WHERE image_id = ? ORDER BY position`, image).map(fromRow)
}

/**
 * The one face of an image that is its own region. It takes `grid` as long as nothing was ever stored for it;
 * afterwards its grid stays, whatever is asked, because its patches speak of those pixels.
 */
export function ensureFace(db: WritableDb, image: number, grid: Grid): Face {
  for (const side of [grid.width, grid.height]) {
    if (Number.isInteger(side) && side > 0 && side <= MAX_GRID) continue
    throw new FacetError(
      'usage',
      `A mask grid of ${grid.width} x ${grid.height} is impossible: each side must be 1 to ${MAX_GRID} pixels.`,
    )
  }
  return db.transaction(() => {
    const known = db.get<{ id: number; used: number }>(
      `SELECT id, EXISTS (SELECT 1 FROM revision WHERE face_id = face.id) AS used
       FROM face WHERE image_id = ? AND position = 0`,
      image,
    )
    if (known?.used) return readFaceRow(db, known.id)
    if (known) {
      db.run(
        'UPDATE face SET grid_width = ?, grid_height = ? WHERE id = ?',
        grid.width,
        grid.height,
        known.id,
      )
      return readFaceRow(db, known.id)
    }
    const { id } = db.run(
      'INSERT INTO face (image_id, position, grid_width, grid_height) VALUES (?, 0, ?, ?)',
      image,
      grid.width,
      grid.height,
    )
    return readFaceRow(db, id)
  })
}
