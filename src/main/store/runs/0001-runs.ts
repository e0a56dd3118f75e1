/** @file Schema 1 of `runs.db`: training runs and what each of their epochs gave. */
import type { Migration } from '../migrate'

/** `application_id` of a database of runs, the letters "FctR". */
export const RUNS_ID = 0x46637452

export const runs: Migration = {
  version: 1,
  up(db) {
    db.script(`
      PRAGMA application_id = ${RUNS_ID};

      -- AUTOINCREMENT: a number is never given twice, since it is also the name of the run's folder.
      -- settings: TrainSettings, notes: sentences, both JSON. seconds, steps: over all starts of the run.
      CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL CHECK (name <> ''),
        base TEXT NOT NULL,
        arch TEXT NOT NULL,
        provider TEXT NOT NULL,
        dataset TEXT NOT NULL,
        state TEXT NOT NULL
          CHECK (state IN ('preparing', 'running', 'paused', 'interrupted', 'done', 'cancelled', 'failed')),
        settings TEXT NOT NULL CHECK (json_valid(settings)),
        notes TEXT NOT NULL CHECK (json_valid(notes)),
        train INTEGER NOT NULL CHECK (train >= 0),
        val INTEGER NOT NULL CHECK (val >= 0),
        best_epoch INTEGER,
        model TEXT,
        problem TEXT,
        created INTEGER NOT NULL,
        seconds REAL NOT NULL DEFAULT 0 CHECK (seconds >= 0),
        steps INTEGER NOT NULL DEFAULT 0 CHECK (steps >= 0)
      ) STRICT;

      -- val: ValidationScores as JSON; null without validation images.
      CREATE TABLE epoch (
        run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
        epoch INTEGER NOT NULL CHECK (epoch >= 0),
        loss REAL,
        cross_entropy REAL,
        dice REAL,
        lr REAL,
        seconds REAL NOT NULL,
        val TEXT CHECK (json_valid(val)),
        PRIMARY KEY (run_id, epoch)
      ) STRICT;
    `)
  },
}
