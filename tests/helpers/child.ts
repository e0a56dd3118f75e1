/** @file A piece of a test in a Node process of its own: for what may crash, and for what the environment decides. */
import { fork } from 'node:child_process'
import { resolve } from 'node:path'

/** The default export of a file. Its arguments and its answer are copied as `structuredClone` does. */
export type Task = (...args: never[]) => Promise<unknown>

export type ChildMessage = { readonly answer: unknown } | { readonly error: string }

/** Far beyond the slowest task on a busy machine. */
const TIMEOUT_MS = 20 * 60 * 1000

/**
 * Runs the task that the TypeScript file `script` exports, with more in its environment. Rejects with the task's own
 * error, or with how its process ended. The process is killed once it has answered: drivers may crash when taken down.
 */
export function runInChild<T extends Task>(
  script: string,
  args: Parameters<T>,
  env: Readonly<Record<string, string>> = {},
): Promise<Awaited<ReturnType<T>>> {
  return new Promise((answered, failed) => {
    const child = fork(resolve('tests', 'helpers', 'child_main.ts'), [resolve(script)], {
      execArgv: ['--import', 'jiti/register'],
      serialization: 'advanced',
      env: { ...process.env, ...env },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    child.once('error', failed)
    child.once('exit', (code, signal) =>
      failed(new Error(`the process of ${script} ended by ${signal ?? `code ${code}`}`)),
    )
    child.once('message', (message: ChildMessage) => {
      child.kill('SIGKILL')
      if ('error' in message) failed(new Error(message.error))
      else answered(message.answer as Awaited<ReturnType<T>>)
    })
    child.send(args)
  })
}
