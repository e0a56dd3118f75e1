/** @file What is in a folder: every file below it with the hash of its bytes, to compare folders as wholes. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** SHA-256 by path below `folder`, with forward slashes, sorted. */
export async function digestFolder(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digests: Record<string, string> = {}
  for (const file of files.sort()) {
    const hash = createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
    digests[relative(folder, file).split(sep).join('/')] = hash
  }
  return digests
}
