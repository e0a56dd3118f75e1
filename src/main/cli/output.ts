/** @file What the command line prints: one JSON document or readable lines on stdout; progress and complaints on stderr. */
import type { JobProgress } from '../../shared/api'
import { toWire } from '../../shared/errors'

/** Prints the answer of a command: `value` as JSON, or what `lines` makes of it. */
export function print<T>(json: boolean, value: T, lines: (value: T) => readonly string[]): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(value)}\n`
      : lines(value)
          .map((line) => `${line}\n`)
          .join(''),
  )
}

/** Progress on stderr: a bar that is drawn over on a terminal, a line every tenth part elsewhere. */
export function progressPrinter(
  stream: NodeJS.WriteStream = process.stderr,
): (progress: JobProgress) => void {
  let tenth = -1
  return ({ done, total }) => {
    const part = total === 0 ? 1 : done / total
    if (stream.isTTY) {
      const filled = Math.round(part * 30)
      stream.write(
        `\r${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${done}/${total}${done >= total ? '\n' : ''}`,
      )
    } else if (Math.floor(part * 10) > tenth) {
      tenth = Math.floor(part * 10)
      stream.write(`${done}/${total}\n`)
    }
  }
}

/** Prints an error's sentence and answers the exit code: 2 for wrong usage, else 1. */
export function printError(error: unknown): number {
  const { code, message } = toWire(error)
  process.stderr.write(`facet: ${message}\n`)
  return code === 'usage' || code === 'request/invalid' ? 2 : 1
}

/** Columns padded to line up. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
