/**
 * @file What the faces of a tree were in earlier trainings. Nothing is written into somebody's dataset, so the plans of its
 * runs are what remembers its splits; a workspace keeps its own.
 */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Split } from '../../../shared/terms'
import { FacetError } from '../../../shared/errors'
import { openRuns, RUNS_FILE } from '../../store/runs/open'
import type { RunStore } from '../../store/runs/runs'
import { readPlan, type PlanSample } from '../../training/plan'

/** Where the runs of trees are. */
export function treeRunsFolder(dataDir: string): string {
  return join(dataDir, 'runs')
}

/**
 * The splits of pictures, by their path, in the runs of the tree `dataset`, of a tree inside it or around it; one that was
 * ever validated on is `val`. `runs`, an open store, is that of trees or a workspace's.
 */
export async function earlierSplits(
  runs: RunStore,
  dataset: string,
  dataDir: string,
): Promise<ReadonlyMap<string, Split>> {
  const folder = treeRunsFolder(dataDir)
  if (runs.folder === folder) return splitsOf(runs, dataset)
  if (!existsSync(join(folder, RUNS_FILE))) return new Map()
  const ofTrees = openRuns(folder)
  try {
    return await splitsOf(ofTrees, dataset)
  } finally {
    ofTrees.close()
  }
}

async function splitsOf(runs: RunStore, dataset: string): Promise<Map<string, Split>> {
  const splits = new Map<string, Split>()
  for (const run of runs.list()) {
    if (!isWithin(run.dataset, dataset) && !isWithin(dataset, run.dataset)) continue
    for (const { picture, use } of await plannedSamples(runs.folderOf(run.id))) {
      if (use !== 'replay' && splits.get(picture) !== 'val') splits.set(picture, use)
    }
  }
  return splits
}

function isWithin(folder: string, other: string): boolean {
  return folder === other || folder.startsWith(other.endsWith(sep) ? other : other + sep)
}

/** None for a run that ended before its plan was written, or whose plan was deleted or damaged. */
async function plannedSamples(folder: string): Promise<readonly PlanSample[]> {
  try {
    return (await readPlan(folder)).samples
  } catch (error) {
    if (error instanceof FacetError) return []
    throw error
  }
}
