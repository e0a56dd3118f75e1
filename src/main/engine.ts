/**
 * @file Engine door: a plain Node process that owns onnxruntime; jobs come on stdin, answers go to stdout, all else to stderr.
 * Its argument is the folder of the cache of graphs; without one none is kept.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GraphCache } from './engine/graph_cache'
import { serveEngine } from './engine/serve'

console.log = console.error
// A terminal sends Ctrl+C to all processes of a command; the backend decides what becomes of it.
process.on('SIGINT', () => undefined)
const [, , folder] = process.argv
// This file is built and names its chunks by their content, so that its digest changes with any code that makes graphs.
const build = createHash('sha256')
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest('hex')
serveEngine(process.stdin, process.stdout, folder === undefined ? null : new GraphCache(folder, build))
