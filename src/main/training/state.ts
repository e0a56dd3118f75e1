/**
 * @file What a run resumes from, and the weights that it leaves: two safetensors files, each written beside and renamed, so that
 * a process that dies leaves the old or the new. A power cut may damage one: the disk is not waited for.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { EpochRow, ValidationScores } from '../../shared/training'
import { tensor, type Tensor } from '../base/tensor'
import { malformed, type Checkpoint, type TensorSource } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { writeSafetensors } from '../checkpoint/safetensors'
import type { Learned } from './adamw'
import { BEST_FILE, CHECKPOINT_FILE } from './plan'

/** What memory allows a step to be. */
export interface StepSize {
  /** Faces of a step. */
  readonly batch: number
  /** Side of the pictures. */
  readonly resolution: number
}

/** Where a run stands. */
export interface Progress {
  /** Steps done. */
  readonly step: number
  /** Seconds of training so far. */
  readonly seconds: number
  /** What the learning rate is multiplied by, after losses that were no numbers. */
  readonly slowed: number
  readonly epochs: EpochRow[]
  readonly bestEpoch: number | null
  /** Of the steps that are counted; null in checkpoints of before it was kept. */
  readonly size: StepSize | null
}

export interface RunState extends Progress {
  readonly learned: Map<string, Learned>
  /** Norms' running statistics and counters where they move. */
  readonly moved: Map<string, Tensor>
}

const size = z.object({ batch: z.int().min(1), resolution: z.int().min(1) })
const score = z.number().nullable()
const progress = z.object({
  step: z.int().min(0),
  seconds: z.number(),
  slowed: z.number().positive(),
  epochs: z.array(
    z.object({
      epoch: z.int().min(0),
      loss: score,
      cross_entropy: score,
      dice: score,
      lr: score,
      seconds: z.number(),
      val: z
        .object({ mean_f1: z.number(), f1: z.record(z.string(), score) })
        .nullable()
        .transform((value) => value as ValidationScores | null),
    }),
  ),
  bestEpoch: z.int().min(0).nullable(),
  size: size.nullable().default(null),
})

/** Prefixes of a learned tensor's state in the checkpoint; the tensor itself has its plain name. */
const PREFIX = { m: 'm:', v: 'v:', mean: 'mean:' } as const
const MOVED = 'moved:'
/** Where the best weights say what they were learned from. */
const SIZE = 'step_size'
/** A hundred megabytes every few seconds: waiting for the disk would take longer than learning. */
const UNFLUSHED = { flush: false } as const

/** Writes the checkpoint of `folder`; `shapes` are those of the learned tensors. Throws `file/unwritable`. */
export async function writeState(
  folder: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  { learned, moved, ...rest }: RunState,
): Promise<void> {
  const tensors = new Map<string, Tensor>()
  for (const [name, { parameter, m, v, mean }] of learned) {
    const shape = shapes.get(name) ?? []
    tensors.set(name, tensor('float32', shape, parameter))
    tensors.set(PREFIX.m + name, tensor('float32', shape, m))
    tensors.set(PREFIX.v + name, tensor('float32', shape, v))
    tensors.set(PREFIX.mean + name, tensor('float32', shape, mean))
  }
  for (const [name, each] of moved) tensors.set(MOVED + name, each)
  const metadata = { progress: JSON.stringify(rest) }
  await writeSafetensors(join(folder, CHECKPOINT_FILE), tensors, metadata, UNFLUSHED)
}

/** The state that `writeState` wrote; null where there is none. Throws a checkpoint error for a damaged file. */
export async function readState(folder: string): Promise<RunState | null> {
  return withState(folder, async (checkpoint, stored) => {
    const floats = async (name: string) => (await checkpoint.read(name)).data as Float32Array
    const learned = new Map<string, Learned>()
    const moved = new Map<string, Tensor>()
    for (const { name } of checkpoint.tensors) {
      if (name.startsWith(MOVED)) moved.set(name.slice(MOVED.length), await checkpoint.read(name))
      else if (!Object.values(PREFIX).some((prefix) => name.startsWith(prefix))) {
        learned.set(name, {
          parameter: await floats(name),
          m: await floats(PREFIX.m + name),
          v: await floats(PREFIX.v + name),
          mean: await floats(PREFIX.mean + name),
        })
      }
    }
    return { ...stored, learned, moved }
  })
}

/** Where the checkpoint stands, without its tensors; else as `readState`. */
export function readProgress(folder: string): Promise<Progress | null> {
  return withState(folder, (_, stored) => Promise.resolve(stored))
}

async function withState<T>(
  folder: string,
  use: (checkpoint: Checkpoint, stored: Progress) => Promise<T>,
): Promise<T | null> {
  const file = join(folder, CHECKPOINT_FILE)
  if (!existsSync(file)) return null
  return withCheckpoint(file, (checkpoint) => use(checkpoint, progressOf(checkpoint)))
}

function progressOf({ path, metadata }: Checkpoint): Progress {
  try {
    return progress.parse(JSON.parse(String(metadata.progress)))
  } catch (cause) {
    throw malformed(path, 'it does not say where its training stood', cause)
  }
}

/** Writes the averaged weights, and what moved with them, as the best so far; `of` is the size of the steps behind them. */
export async function writeBest(
  folder: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  { learned, moved, size: of }: Pick<RunState, 'learned' | 'moved' | 'size'>,
): Promise<void> {
  const tensors = new Map<string, Tensor>(moved)
  for (const [name, { mean }] of learned) tensors.set(name, tensor('float32', shapes.get(name) ?? [], mean))
  await writeSafetensors(join(folder, BEST_FILE), tensors, bestMetadata(of), UNFLUSHED)
}

function bestMetadata(of: StepSize | null): Record<string, string> {
  return { format: 'pt', ...(of && { [SIZE]: JSON.stringify(of) }) }
}

/** The size of the steps that the best weights came from; null where they do not say. Throws a checkpoint error. */
export async function bestSize(folder: string): Promise<StepSize | null> {
  return withCheckpoint(join(folder, BEST_FILE), ({ path, metadata }) => {
    if (metadata[SIZE] === undefined) return Promise.resolve(null)
    try {
      return Promise.resolve(size.parse(JSON.parse(String(metadata[SIZE]))))
    } catch (cause) {
      throw malformed(path, 'it does not say what it was learned from', cause)
    }
  })
}

/**
 * Makes the averaged weights of the checkpoint the best, of a run that has none yet. The epoch that they count as; null
 * where there is no checkpoint, or not a step behind it. Throws a checkpoint error for a damaged file.
 */
export function bestOfCheckpoint(folder: string): Promise<number | null> {
  return withState(folder, async (checkpoint, stored) => {
    if (stored.step === 0) return null
    const source = averagedOf(checkpoint)
    await writeSafetensors(join(folder, BEST_FILE), source, bestMetadata(stored.size), UNFLUSHED)
    return epochKept(stored)
  })
}

/** The averaged weights of a checkpoint, and what moved with them, under their own names. */
function averagedOf(checkpoint: Checkpoint): TensorSource {
  const stored = new Map<string, string>()
  const tensors = checkpoint.tensors.flatMap((info) => {
    const prefix = [PREFIX.mean, MOVED].find((each) => info.name.startsWith(each))
    if (prefix === undefined) return []
    const name = info.name.slice(prefix.length)
    stored.set(name, info.name)
    return { ...info, name }
  })
  return { tensors, read: (name) => checkpoint.read(stored.get(name) ?? name) }
}

/** What weights count as that are kept as they stand: the last whole epoch, or the first, which they are in. */
export function epochKept({ epochs }: Pick<Progress, 'epochs'>): number {
  return Math.max(1, epochs.at(-1)?.epoch ?? 0)
}
