/**
 * @file PyTorch's zip container (torch.save since 1.6): NAME/data.pkl is the pickle, NAME/data/KEY each storage.
 * Format: https://pytorch.org/docs/stable/notes/serialization.html
 */
import type { FileHandle } from 'node:fs/promises'
import type { Checkpoint } from './checkpoint'
import { malformed } from './checkpoint'
import { MAX_PICKLE_BYTES } from './limits'
import { unpickle } from './pickle'
import { TorchHost } from './rebuild'
import { openStateDict } from './stateDict'
import type { StoredBytes } from './zip'
import { readZipDirectory } from './zip'

/** The pickle lies in the archive's one top folder, whatever its name. */
const RE_PICKLE_ENTRY = /^[^/]+\/data\.pkl$/

/** The records that hold a word hold a short one: `little`. */
const MAX_WORD_BYTES = 16

/** Opens a zip checkpoint; only its directory and its pickle are read. Throws `checkpoint/…`. */
export async function openTorchZip(path: string, handle: FileHandle, fileSize: number): Promise<Checkpoint> {
  const entries = await readZipDirectory(path, handle, fileSize)
  const [pickleName, another] = [...entries.keys()].filter((name) => RE_PICKLE_ENTRY.test(name))
  if (pickleName === undefined) {
    const names = [...entries.keys()].filter((name) => !name.endsWith('/'))
    const held = names.length > 0 ? `; it holds ${names.slice(0, 3).join(', ')}` : ''
    throw malformed(path, `it is a zip archive without data.pkl, so not one that torch.save wrote${held}`)
  }
  if (another !== undefined) throw malformed(path, `it holds both ${pickleName} and ${another}`)
  const folder = pickleName.slice(0, pickleName.indexOf('/'))
  if (entries.has(`${folder}/constants.pkl`)) {
    throw malformed(
      path,
      'it is a TorchScript module; save its state_dict() with torch.save, or, where it is no SegFace, export it with torch.onnx.export',
    )
  }

  const byteOrder = entries.get(`${folder}/byteorder`)
  if (byteOrder !== undefined && (await readText(byteOrder)) !== 'little') {
    throw malformed(path, 'it is not little-endian; load and save it again on an ordinary computer')
  }
  const pickle = entries.get(pickleName)
  if (pickle === undefined || pickle.size > MAX_PICKLE_BYTES) {
    throw malformed(path, `its pickle is larger than ${MAX_PICKLE_BYTES} bytes`)
  }
  const { value } = unpickle(await pickle.read(0, pickle.size), new TorchHost(path))
  const storage = (key: string): StoredBytes | undefined => entries.get(`${folder}/data/${key}`)
  return openStateDict({ path, format: 'pytorch', handle, fileSize, root: value, storage })
}

/** A record that holds one word; null where it is too long for that. */
async function readText(record: StoredBytes): Promise<string | null> {
  return record.size > MAX_WORD_BYTES
    ? null
    : Buffer.from(await record.read(0, record.size)).toString('latin1')
}
