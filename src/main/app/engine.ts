/** @file How the app starts its engine: with which Node, from which file, with which cache. */
import { join } from 'node:path'
import type { EngineOptions } from '../engine/client'
import type { Paths } from './deps'

/** Options for an engine of this installation; what is in `dataDir/cache` may be deleted at any time. */
export function engineOptions(paths: Paths): Omit<EngineOptions, 'onRestart'> {
  return { entry: paths.engineEntry, node: paths.node, cache: join(paths.dataDir, 'cache', 'graphs') }
}
