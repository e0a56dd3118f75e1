/** @file What a run resumes from, and the weights that it leaves: two safetensors files, written whole or not at all. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { EpochRow, ValidationScores } from '../../shared/training'
import { tensor, type Tensor } from '../base/tensor'
import { withCheckpoint } from '../checkpoint/open'
import { writeSafetensors } from '../checkpoint/safetensors'
import type { Learned } from './adamw'
import { BEST_FILE, CHECKPOINT_FILE } from './plan'

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
}

export interface RunState extends Progress {
  readonly learned: Map<string, Learned>
  /** Norms' running statistics and counters where they move. */
  readonly moved: Map<string, Tensor>
}

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
})

/** Prefixes of a learned tensor's state in the checkpoint; the tensor itself has its plain name. */
const PREFIX = { m: 'm:', v: 'v:', mean: 'mean:' } as const
const MOVED = 'moved:'
/** A hundred megabytes every few seconds: waiting for the disk would take longer than learning. */
const UNFLUSHED = { flush: false } as const

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
  const file = join(folder, CHECKPOINT_FILE)
  if (!existsSync(file)) return null
  return withCheckpoint(file, async (checkpoint) => {
    const stored = progress.parse(JSON.parse(String(checkpoint.metadata.progress)))
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

/** Writes the averaged weights, and what moved with them, as the best so far. */
export async function writeBest(
  folder: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  { learned, moved }: Pick<RunState, 'learned' | 'moved'>,
): Promise<void> {
  const tensors = new Map<string, Tensor>(moved)
  for (const [name, { mean }] of learned) tensors.set(name, tensor('float32', shapes.get(name) ?? [], mean))
  await writeSafetensors(join(folder, BEST_FILE), tensors, { format: 'pt' }, UNFLUSHED)
}
