#!/usr/bin/env node
/**
 * @file What `npx facet`, `npm start` and `npm run cli` run, on whatever Node there is: makes sure that Facet is built and
 * that a Node which better-sqlite3 can run on (22 or newer) runs it, then hands over. `start` opens the window.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
const cli = join(root, 'out', 'main', 'cli.js')
const [command, ...rest] = process.argv.slice(2)
/** Enough for some 110 MB over a slow line; without a network it fails in seconds. */
const FETCH_MS = 300_000

buildIfStale()
if (command === 'start') start(rest)
else await runCli(process.argv.slice(2))

/** Builds where nothing is built yet or a source is newer; a published package has no sources and is built. */
function buildIfStale() {
  const sources = join(root, 'src', 'renderer')
  if (!existsSync(sources)) return
  const built = existsSync(cli) ? statSync(cli).mtimeMs : 0
  const inputs = ['src', 'package.json', 'electron.vite.config.ts'].map((name) => join(root, name))
  if (built > newest(inputs)) return
  process.stderr.write('Building Facet …\n')
  const vite = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const { status } = spawnSync(newEnoughNode(), [vite, 'build', '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    process.stderr.write('Facet could not be built; run `npm ci` and try again.\n')
    process.exit(1)
  }
}

function newest(paths) {
  let latest = 0
  for (const path of paths) {
    const stats = statSync(path)
    latest = Math.max(latest, stats.mtimeMs)
    if (stats.isDirectory())
      latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))))
  }
  return latest
}

function newEnoughNode() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  const bundled = join(
    root,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (existsSync(bundled)) return bundled
  process.stderr.write(
    `Facet needs Node 22 or newer, and this is ${process.version}; run \`npm ci\` in ${root}, which brings one along.\n`,
  )
  process.exit(1)
}

/** In this process where its Node will do, so that ending it ends Facet. */
async function runCli(args) {
  const node = newEnoughNode()
  if (node !== process.execPath) return handOver(node, [cli, ...args])
  process.argv = [node, cli, ...args]
  await import(pathToFileURL(cli).href)
}

/** The Electron window where its binary is there or can be fetched; otherwise the same app in the browser. */
function start(folders) {
  const electron = electronBinary()
  const [folder] = folders
  if (electron) {
    return handOver(electron, [root, ...(folder ? [`--folder=${resolve(folder)}`] : [])])
  }
  process.stderr.write(
    "Electron's program is not here and could not be fetched, so Facet opens in your browser instead.\n",
  )
  void runCli(['serve', ...folders, '--open'])
}

/** Path of Electron's program; since Electron 42 it is fetched on first use. Null where that fails. */
function electronBinary() {
  const require = createRequire(import.meta.url)
  try {
    const home = dirname(require.resolve('electron/package.json'))
    if (!existsSync(join(home, 'path.txt'))) process.stderr.write("Fetching Electron's program, once …\n")
    const { status } = spawnSync(newEnoughNode(), [join(home, 'install.js')], {
      cwd: root,
      stdio: 'ignore',
      timeout: FETCH_MS,
    })
    if (status !== 0) return null // and not asked again: the package itself would try once more, without end
    const path = require('electron')
    return typeof path === 'string' && existsSync(path) ? path : null
  } catch {
    return null
  }
}

function handOver(program, args) {
  // The channel tells the other side when this process dies, however it dies.
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
  child.once('error', (error) => {
    process.stderr.write(`${program} could not be started: ${error.message}\n`)
    process.exit(1)
  })
}
