/** @file Schema 2: what training asks of an image: may it be learned from, and which parts of it a person vouches for. */
import type { Migration } from '../migrate'

export const training: Migration = {
  version: 2,
  up(db) {
    db.script(`
      -- golden: pinned for comparing models, never trained on.
      ALTER TABLE image ADD COLUMN golden INTEGER NOT NULL DEFAULT 0 CHECK (golden IN (0, 1));
      -- checked: bits of the parts that somebody vouches for; null: all of the image, its background too.
      ALTER TABLE image ADD COLUMN checked INTEGER CHECK (checked BETWEEN 0 AND 262143);
    `)
  },
}
