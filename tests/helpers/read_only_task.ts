/**
 * @file What a user who may not write into a workspace gets of it. A task for `runInChild`: root, whom no mode binds, becomes
 * nobody for good.
 */
import { runsFolder } from '../../src/main/app/training/command'
import { withSamples } from '../../src/main/app/samples'
import { WorkspaceHolder } from '../../src/main/app/workspace'
import { Loudspeaker } from '../../src/main/base/events'
import { Connection } from '../../src/main/store/db'
import type { ImageRow } from '../../src/shared/answers'
import type { Events } from '../../src/shared/api'
import { toWire } from '../../src/shared/errors'
import type { PartMap } from '../../src/shared/mask'

const NOBODY = 65_534

export default async function readOnlyWorkspace(
  folder: string,
  dataDir: string,
): Promise<{ refusal: string; rows: ImageRow[]; map: PartMap | null; notices: string[]; runs: string }> {
  // Loaded before the checkout may become out of reach.
  new Connection(':memory:').close()
  if (process.getuid?.() === 0) process.setuid?.(NOBODY)
  const events = new Loudspeaker<Events>()
  const notices: string[] = []
  events.on('notice', ({ message }) => notices.push(message))
  const paths = { dataDir, resources: '', renderer: '', engineEntry: '', node: '' }
  const holder = new WorkspaceHolder(paths, events)
  const refusal = await holder.open(folder).then(
    () => 'opened',
    (error: unknown) => toWire(error).message,
  )
  const rows = await holder.read(folder, ({ store }) => Promise.resolve(store.listRows()))
  const map = await withSamples(holder, folder, async ({ samples: [first] }) => (await first?.read())?.map)
  return { refusal, rows, map: map ?? null, notices, runs: runsFolder(folder, dataDir) }
}
