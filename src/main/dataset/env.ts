/** @file The `.env` file that labs keep beside SegFace: where data, results and logs are, as defaults. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const ENV_NAMES = ['DATA_PATH', 'ROOT_PATH', 'LOG_PATH'] as const
export type EnvName = (typeof ENV_NAMES)[number]

/** The known names that `folder/.env` sets; empty where there is no such file. Lines: `NAME=value`, quotes and `#` allowed. */
export async function readEnv(folder: string): Promise<Partial<Record<EnvName, string>>> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '')
  const env: Partial<Record<EnvName, string>> = {}
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^#]*))/.exec(line)
    const name = ENV_NAMES.find((known) => known === match?.[1])
    const value = (match?.[2] ?? match?.[3] ?? match?.[4] ?? '').trim()
    if (name && value !== '') env[name] = value
  }
  return env
}
