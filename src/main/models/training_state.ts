/** @file How far a checkpoint's training had come, as SegFace notes it: `epoch` and `iteration`, kept from import to export. */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint'

type Metadata = Checkpoint['metadata']

/** In a safetensors file, which holds nothing else, numbers are strings. */
const schema = z.object({ epoch: z.coerce.number().catch(0), iteration: z.coerce.number().catch(0) })

/** Both numbers; 0 where the checkpoint does not say. */
export function trainingState(metadata: Metadata): { epoch: number; iteration: number } {
  return schema.parse(metadata)
}

/** What the checkpoint says of them, as strings for a safetensors file. */
export function trainingNotes(metadata: Metadata): Record<string, string> {
  const notes: Record<string, string> = {}
  for (const key of ['epoch', 'iteration'])
    if (metadata[key] !== undefined) notes[key] = String(metadata[key])
  return notes
}
