/**
 * @file Schema 1: images, the faces of an image, the masks of a face, every change as a revision, settings.
 * The file is a Facet workspace from here on: `application_id` says so.
 */
import type { Migration } from '../migrate'

/** `application_id` of a workspace, the letters "Fct1" (https://www.sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x46637431

export const init: Migration = {
  version: 1,
  up(db) {
    db.script(`
      PRAGMA application_id = ${APPLICATION_ID};

      -- name: path below the workspace, with '/'. width, height: of the upright picture, null until it was read.
      CREATE TABLE image (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE CHECK (name <> ''),
        bytes INTEGER NOT NULL,
        mtime_ms INTEGER NOT NULL,
        width INTEGER CHECK (width > 0),
        height INTEGER CHECK (height > 0),
        split TEXT CHECK (split IN ('train', 'val', 'test')),
        review TEXT CHECK (review IN ('accepted', 'flagged')),
        status TEXT NOT NULL DEFAULT 'untouched'
          CHECK (status IN ('untouched', 'predicted', 'corrected', 'accepted', 'flagged')),
        missing INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1)),
        added_at INTEGER NOT NULL,
        CHECK ((width IS NULL) = (height IS NULL))
      ) STRICT;

      -- A square region as a similarity, in pixels of the upright picture: its centre, and the vector from there to
      -- the middle of its right edge. All null: the whole picture.
      CREATE TABLE face (
        id INTEGER PRIMARY KEY,
        image_id INTEGER NOT NULL REFERENCES image (id),
        position INTEGER NOT NULL CHECK (position >= 0),
        centre_x REAL,
        centre_y REAL,
        half_x_x REAL,
        half_x_y REAL,
        grid_width INTEGER NOT NULL CHECK (grid_width > 0),
        grid_height INTEGER NOT NULL CHECK (grid_height > 0),
        UNIQUE (image_id, position),
        CHECK ((centre_x IS NULL) = (centre_y IS NULL) AND (centre_x IS NULL) = (half_x_x IS NULL)
          AND (centre_x IS NULL) = (half_x_y IS NULL))
      ) STRICT;

      -- A row for every part that a model, a hand or an import decided, also where it decided "absent".
      -- runs: deflateRaw of encodeRuns; crc: CRC-32 of runs as stored.
      CREATE TABLE mask (
        face_id INTEGER NOT NULL REFERENCES face (id),
        part INTEGER NOT NULL CHECK (part BETWEEN 0 AND 17),
        runs BLOB NOT NULL,
        area INTEGER NOT NULL CHECK (area >= 0),
        crc INTEGER NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('model', 'hand', 'import')),
        PRIMARY KEY (face_id, part)
      ) STRICT;

      -- patch: deflateRaw of encodePatch, what really changed; all patches of a face in order give its masks.
      -- parts: bits of the parts it decided; origins: the 18 parts' origins before, a letter each (n, m, h, i).
      CREATE TABLE revision (
        id INTEGER PRIMARY KEY,
        face_id INTEGER NOT NULL REFERENCES face (id),
        kind TEXT NOT NULL CHECK (kind IN ('prediction', 'stroke', 'operation', 'import', 'undo', 'redo')),
        label TEXT NOT NULL,
        parts INTEGER NOT NULL CHECK (parts BETWEEN 0 AND 262143),
        x INTEGER NOT NULL,
        y INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        patch BLOB NOT NULL,
        crc INTEGER NOT NULL,
        target INTEGER REFERENCES revision (id),
        undoable INTEGER NOT NULL CHECK (undoable IN (0, 1)),
        author TEXT NOT NULL,
        model TEXT,
        at INTEGER NOT NULL,
        origins TEXT NOT NULL CHECK (length(origins) = 18),
        CHECK ((target IS NOT NULL) = (kind IN ('undo', 'redo')))
      ) STRICT;
      CREATE INDEX revision_of_face ON revision (face_id);
      CREATE TRIGGER revision_stays BEFORE UPDATE ON revision
        BEGIN SELECT RAISE(ABORT, 'revisions are append-only'); END;
      CREATE TRIGGER revision_once BEFORE INSERT ON revision WHEN EXISTS (SELECT 1 FROM revision WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'revisions are append-only'); END;
      CREATE TRIGGER revision_remains BEFORE DELETE ON revision
        BEGIN SELECT RAISE(ABORT, 'revisions are append-only'); END;

      CREATE TABLE setting (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT;
    `)
  },
}
