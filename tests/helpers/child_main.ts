/** @file The other side of `runInChild`: does the task of the file that its argument names, and answers. */
import type { ChildMessage } from './child'

const [, , script = ''] = process.argv

async function work(args: readonly unknown[]): Promise<ChildMessage> {
  try {
    const file = (await import(script)) as { default: (...args: readonly unknown[]) => Promise<unknown> }
    return { answer: await file.default(...args) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.once(
  'message',
  (args: readonly unknown[]) => void work(args).then((message) => process.send?.(message)),
)
