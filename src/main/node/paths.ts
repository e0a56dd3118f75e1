/** @file Where things are: the data folder (by flag, environment or the platform's custom), what ships with Facet, the engine and its Node. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Paths } from '../app/deps'

/** The platform's place for an application's data; `FACET_DATA_DIR` overrides it. */
export function defaultDataDir(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (env.FACET_DATA_DIR) return resolve(env.FACET_DATA_DIR)
  switch (platform) {
    case 'win32':
      return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Facet')
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Facet')
    default:
      return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'facet')
  }
}

/** Paths of this build: everything lies relative to `out/main`, where the bundled doors are. */
export function buildPaths(dataDir: string, doorDir: string): Paths {
  const root = resolve(doorDir, '..', '..')
  return {
    dataDir: resolve(dataDir),
    resources: join(root, 'resources'),
    renderer: join(root, 'out', 'renderer'),
    engineEntry: join(doorDir, 'engine.js'),
    node: findNode(root),
  }
}

/** A plain Node 22 or newer: the one that runs this, or the one that the package `node` brought. */
function findNode(root: string): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const bundled = join(root, 'node_modules', 'node', 'bin', name)
  const isPlainNode = !process.versions.electron
  return isPlainNode || !existsSync(bundled) ? process.execPath : bundled
}
