/** @file Command line door, on plain Node: arguments to one call of the app, its answer to text or JSON, its error to an exit code. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './cli/program'

process.exitCode = await runProgram(process.argv.slice(2), dirname(fileURLToPath(import.meta.url)))
