/** @file Training runs as rows: what each was to do, where it stands, its curves, its folder, and which process has it in work. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '../../../shared/assert'
import { FacetError } from '../../../shared/errors'
import type { Provider } from '../../../shared/terms'
import type { EpochRow, RunState, TrainingRun, TrainSettings } from '../../../shared/training'
import type { Connection, ReadableDb } from '../db'
import { takeLock, type Lock } from '../lock'

/** What is known of a run before it begins. */
export interface NewRun {
  readonly name: string
  readonly base: string
  /** SegFace's `--model` name. */
  readonly arch: string
  readonly provider: Provider
  readonly dataset: string
  readonly settings: TrainSettings
  readonly notes: readonly string[]
  readonly images: TrainingRun['images']
}

/** What may become of it; what is left out stays. */
export interface RunChange {
  readonly state?: RunState
  readonly provider?: Provider
  readonly dataset?: string
  readonly images?: TrainingRun['images']
  readonly bestEpoch?: number | null
  readonly model?: string
  readonly problem?: string | null
  /** Over all its starts. */
  readonly seconds?: number
  readonly steps?: number
}

/** What a step took, of runs that went before. */
export interface Pace {
  readonly arch: string
  readonly settings: TrainSettings
  /** Of a step alone. */
  readonly secondsPerStep: number
  /** What a look took for each validation face; 0 where there were none. */
  readonly secondsPerFace: number
}

interface StoredRun {
  id: number
  name: string
  base: string
  arch: string
  provider: Provider
  dataset: string
  state: RunState
  settings: string
  notes: string
  train: number
  val: number
  best_epoch: number | null
  model: string | null
  problem: string | null
  created: number
  seconds: number
  steps: number
}

type StoredEpoch = Omit<EpochRow, 'val'> & { val: string | null }

const COLUMNS: Readonly<Record<Exclude<keyof RunChange, 'images'>, string>> = {
  state: 'state',
  provider: 'provider',
  dataset: 'dataset',
  bestEpoch: 'best_epoch',
  model: 'model',
  problem: 'problem',
  seconds: 'seconds',
  steps: 'steps',
}

/** Runs looked at for what a step took. */
const PACE_RUNS = 50
export const IN_WORK: readonly RunState[] = ['preparing', 'running']
/** What made a run fail may be over: a photo is back, a disk has room again. */
export const RESUMABLE: readonly RunState[] = ['paused', 'interrupted', 'failed']

/** Made by `openRuns`. Everything is synchronous: when a method that writes has returned, its change is on disk. */
export class RunStore {
  readonly #db: Connection
  readonly #now: () => number
  /** Of the runs that this process has in work. */
  readonly #locks = new Map<number, Lock>()

  constructor(
    connection: Connection,
    /** Where the runs' folders are. */
    readonly folder: string,
    now: () => number,
  ) {
    this.#db = connection
    this.#now = now
  }

  close(): void {
    for (const id of [...this.#locks.keys()]) this.release(id)
    this.#db.close()
  }

  /** All runs, newest first. */
  list(): TrainingRun[] {
    return this.#db
      .all<StoredRun>('SELECT * FROM run ORDER BY id DESC')
      .map((row) => fromRow(row, readEpochs(this.#db, row.id)))
  }

  /** One run; throws `not-found`. */
  read(id: number): TrainingRun {
    return fromRow(this.#row(id), readEpochs(this.#db, id))
  }

  /** Its network and where it is trained. */
  network(id: number): { arch: string; provider: Provider; steps: number } {
    const { arch, provider, steps } = this.#row(id)
    return { arch, provider, steps }
  }

  /** Where the plan, the checkpoint and the best weights of a run are. */
  folderOf(id: number): string {
    return join(this.folder, String(id))
  }

  /** A new run in the state `preparing`, in work by this process, with an empty folder. */
  create({ name, base, arch, provider, dataset, settings, notes, images }: NewRun): TrainingRun {
    const { id } = this.#db.run(
      `INSERT INTO run (name, base, arch, provider, dataset, state, settings, notes, train, val, created)
       VALUES (?, ?, ?, ?, ?, 'preparing', ?, ?, ?, ?, ?)`,
      ...[name, base, arch, provider, dataset, JSON.stringify(settings), JSON.stringify(notes)],
      ...[images.train, images.val, this.#now()],
    )
    mkdirSync(this.folderOf(id), { recursive: true })
    this.take(id)
    return this.read(id)
  }

  update(id: number, change: RunChange): TrainingRun {
    const { images, ...rest } = change
    this.#db.transaction(() => {
      for (const [key, value] of Object.entries(rest)) {
        const column = COLUMNS[key as keyof typeof COLUMNS]
        this.#db.run(`UPDATE run SET ${column} = ? WHERE id = ?`, value, id)
      }
      if (images) this.#db.run('UPDATE run SET train = ?, val = ? WHERE id = ?', images.train, images.val, id)
    })
    return this.read(id)
  }

  /** Adds a sentence to its notes; one that is there already is not said twice. */
  note(id: number, sentence: string): TrainingRun {
    const { notes } = this.read(id)
    if (!notes.includes(sentence))
      this.#db.run('UPDATE run SET notes = ? WHERE id = ?', JSON.stringify([...notes, sentence]), id)
    return this.read(id)
  }

  /**
   * Stores what an epoch gave; false where that is known. One that comes out otherwise than before was made again after a
   * roll-back, and takes the place of the first and of all that followed.
   */
  putEpoch(id: number, row: EpochRow): boolean {
    const { epoch, loss, cross_entropy, dice, lr, seconds } = row
    const val = row.val && JSON.stringify(row.val)
    const known = this.#db.get<StoredEpoch>(
      'SELECT loss, val FROM epoch WHERE run_id = ? AND epoch = ?',
      id,
      epoch,
    )
    if (known && known.loss === loss && known.val === val) return false
    return this.#db.transaction(() => {
      this.#db.run('DELETE FROM epoch WHERE run_id = ? AND epoch >= ?', id, epoch)
      this.#db.run(
        `INSERT INTO epoch (run_id, epoch, loss, cross_entropy, dice, lr, seconds, val)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[id, epoch, loss, cross_entropy, dice, lr, seconds, val],
      )
      return true
    })
  }

  /** Deletes a run with its curves and its folder. Throws `conflict` where it is in work. */
  delete(id: number): void {
    this.take(id)
    this.release(id)
    this.#db.run('DELETE FROM run WHERE id = ?', id)
    rmSync(this.folderOf(id), { recursive: true, force: true })
  }

  /**
   * What steps took, the latest first: an epoch's row says how long the run had trained by then, without its start, and that
   * of epoch 0 what one look took. Runs of hardly more than looks say nothing.
   */
  paces(): Pace[] {
    const rows = this.#db.all<StoredRun & { trained: number; look: number | null; looks: number }>(
      `SELECT run.*, (SELECT max(seconds) FROM epoch WHERE run_id = run.id) AS trained,
         (SELECT seconds FROM epoch WHERE run_id = run.id AND epoch = 0) AS look,
         (SELECT count(val) FROM epoch WHERE run_id = run.id AND epoch > 0) AS looks
       FROM run WHERE steps > 0 AND trained > 0 ORDER BY id DESC LIMIT ?`,
      PACE_RUNS,
    )
    return rows.flatMap(({ arch, settings, trained, steps, val, look, looks }) => {
      const stepping = trained - (look ?? 0) * (1 + looks)
      if (stepping <= 0) return []
      return {
        arch,
        settings: JSON.parse(settings) as TrainSettings,
        secondsPerStep: stepping / steps,
        secondsPerFace: val === 0 ? 0 : (look ?? 0) / val,
      }
    })
  }

  /**
   * Takes the run into work by this process alone; the operating system drops the lock with the process. Throws
   * `conflict` where it is in work already, here or elsewhere.
   */
  take(id: number): void {
    const { name } = this.#row(id)
    const busy = new FacetError('conflict', `The training of '${name}' is in work already.`, { run: id })
    if (this.#locks.has(id)) throw busy
    try {
      mkdirSync(this.folderOf(id), { recursive: true })
      this.#locks.set(id, takeLock(join(this.folderOf(id), 'run')))
    } catch (error) {
      throw error instanceof FacetError && error.code === 'store/busy' ? busy : error
    }
  }

  /** Lets the run go; does nothing where this process has it not in work. */
  release(id: number): void {
    this.#locks.get(id)?.release()
    this.#locks.delete(id)
  }

  /** Runs that were in work by a process which is gone become `interrupted`; gives them. */
  interruptOrphans(): TrainingRun[] {
    const rows = this.#db.all<StoredRun>("SELECT * FROM run WHERE state IN ('preparing', 'running')")
    return rows.flatMap(({ id }) => {
      try {
        this.take(id)
      } catch (error) {
        if (error instanceof FacetError && error.code === 'conflict') return []
        throw error
      }
      try {
        return IN_WORK.includes(this.#row(id).state) ? [this.update(id, { state: 'interrupted' })] : []
      } finally {
        this.release(id)
      }
    })
  }

  #row(id: number): StoredRun {
    const row = this.#db.get<StoredRun>('SELECT * FROM run WHERE id = ?', id)
    if (row) return row
    throw new FacetError('not-found', `There is no training run ${id} in ${this.#db.file}.`, { run: id })
  }
}

function readEpochs(db: ReadableDb, id: number): EpochRow[] {
  const rows = db.all<StoredEpoch>(
    'SELECT epoch, loss, cross_entropy, dice, lr, seconds, val FROM epoch WHERE run_id = ? ORDER BY epoch',
    id,
  )
  return rows.map((row) => ({
    ...row,
    val: row.val === null ? null : (JSON.parse(row.val) as EpochRow['val']),
  }))
}

function fromRow(row: StoredRun, epochs: readonly EpochRow[]): TrainingRun {
  const { id, name, base, dataset, state, train, val, best_epoch, model, problem, created, seconds } = row
  const notes: unknown = JSON.parse(row.notes)
  invariant(Array.isArray(notes), `the notes of run ${id} are no list`)
  const settings = JSON.parse(row.settings) as TrainSettings
  return {
    ...{ id, name, base, dataset, state, settings, notes: notes as string[], images: { train, val }, epochs },
    ...{ bestEpoch: best_epoch, model, problem, created, seconds },
  }
}
