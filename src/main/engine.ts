/** @file Engine door: a plain Node process that owns onnxruntime; jobs come on stdin, answers go to stdout, all else to stderr. */
import { serveEngine } from './engine/serve'

console.log = console.error
serveEngine(process.stdin, process.stdout)
