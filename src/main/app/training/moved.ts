/** @file A run of a workspace that lies elsewhere than when it began: what it knows of its pictures follows. */
import { realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isInside } from '../../base/fs'
import type { RunStore } from '../../store/runs/runs'
import { readPlan, writePlan } from '../../training/plan'

/** Has the run `id`, which this process has in work, look for its pictures in `dataset`. Does nothing where it does already. */
export async function moveRun(runs: RunStore, id: number, dataset: string): Promise<void> {
  const { dataset: before } = runs.read(id)
  if (before === dataset || (await isSame(before, dataset))) return
  const folder = runs.folderOf(id)
  const plan = await readPlan(folder)
  const samples = plan.samples.map((sample) =>
    isInside(before, sample.picture)
      ? { ...sample, picture: join(dataset, relative(before, sample.picture)) }
      : sample,
  )
  await writePlan(folder, { ...plan, samples })
  runs.update(id, { dataset })
}

/** True for two paths of one folder, as where a link leads to it. */
async function isSame(before: string, now: string): Promise<boolean> {
  const places = await Promise.all([before, now].map((path) => realpath(path).catch(() => path)))
  return places[0] === places[1]
}
