/**
 * @file What the backend hands to the engine for a training run: a folder with `plan.json` and the label maps it names; and
 * what the engine leaves there.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { FacetError } from '../../shared/errors'
import { TRAIN_SETTINGS } from '../../shared/training'
import { unreadable, writeFileAtomic } from '../base/fs'
import { ARCHITECTURES } from '../segface/config'

export const PLAN_FILE = 'plan.json'
/**
 * The best weights so far (their exponential mean where there is one): every tensor that training changed, by PyTorch's
 * names; of a fresh network every tensor of its state dict, buffers too.
 */
export const BEST_FILE = 'best.safetensors'
/** What a run resumes from: weights, optimiser state, exponential mean, and where it stood. */
export const CHECKPOINT_FILE = 'checkpoint.safetensors'
/** Validation faces of a run at most: more would cost every look more than they tell. */
export const MAX_VALIDATION = 48
/** Taps of the frozen backbone (scope decoder); may be deleted at any time. */
export const TAPS_FOLDER = 'taps'

const plan = z.object({
  format: z.literal(1),
  arch: z.enum(ARCHITECTURES),
  /** Files of the base model's weights, its ancestors' first: a later file's tensor replaces an earlier one's. Empty: a fresh network. */
  weights: z.array(z.string()),
  provider: z.enum(['cpu', 'cuda', 'webgpu', 'dml', 'coreml']),
  settings: TRAIN_SETTINGS,
  samples: z.array(
    z.object({
      /** As a person knows it. */
      name: z.string(),
      /** Id in the workspace, null outside one. */
      id: z.int().nullable(),
      /** Path of the picture. */
      picture: z.string(),
      /** SHA-256 of its file, which `labels` belong to; plans of before it was kept have none. */
      sha256: z.string().optional(),
      /**
       * Its label map, a grey PNG below the plan's folder: SegFace's class numbers, 254 (`ELSEWHERE`) where none of the checked
       * parts is, 255 where nobody looked. Null for a face that replays what the base model knew: its labels are that model's
       * answer.
       */
      labels: z.string().nullable(),
      /** Bits of the parts that a person vouches for; null: all of it, background too. */
      checked: z.int().nullable().optional(),
      /** `replay`: faces that preserve what the base model knew. */
      use: z.enum(['train', 'val', 'replay']),
    }),
  ),
  /** Positions in `samples` of the validation faces that are shown after each epoch. */
  previews: z.array(z.int().min(0)),
})
export type Plan = z.infer<typeof plan>
export type PlanSample = Plan['samples'][number]

/** True for a run whose faces are ready: the plan is written last. */
export function hasPlan(folder: string): boolean {
  return existsSync(join(folder, PLAN_FILE))
}

/** Writes the plan of `folder`, whole or not at all. Throws `file/unwritable`. */
export function writePlan(folder: string, plan: Plan): Promise<void> {
  return writeFileAtomic(join(folder, PLAN_FILE), JSON.stringify(plan))
}

/** The plan of `folder`, checked. Throws `file/unreadable`, or `file/malformed` naming the field. */
export async function readPlan(folder: string): Promise<Plan> {
  const file = join(folder, PLAN_FILE)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FacetError(
      'file/malformed',
      `${file} is not JSON; start the training anew.`,
      { file },
      { cause },
    )
  }
  const result = plan.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new FacetError(
    'file/malformed',
    `${file}: ${issue?.path.join('.')}: ${issue?.message}; start the training anew.`,
    { file },
  )
}
