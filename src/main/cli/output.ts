/** @file What the command line prints: one JSON document or readable lines on stdout; progress and complaints on stderr. */
import type { JobProgress } from '../../shared/api'
import { toWire } from '../../shared/errors'

/**
 * Goes on where a reader of the output has left, as `facet … | head -1` does: work is finished without somebody who watches.
 * An answer that cannot be written for another reason, such as a full disk, is told, and exit code 1 stays.
 */
export function outliveReaders(): void {
  const { stdout, stderr } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    stderr.write(`facet: The answer cannot be printed: ${error.message}.\n`)
    process.once('exit', () => (process.exitCode = 1))
  })
  // There is nobody left to tell.
  stderr.on('error', () => undefined)
}

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

/** What a terminal writes two cells wide: East Asian scripts and emoji (Unicode's UAX 11, in coarse ranges). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
/** What it writes onto the character before. */
const WIDTHLESS = /\p{M}|\p{Cf}/u

/** Cells that a terminal takes for `text`. */
function cellsOf(text: string): number {
  // Names that come from macOS hold Korean syllables in pieces, which a terminal puts together.
  let cells = 0
  for (const character of text.normalize())
    cells += WIDTHLESS.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return cells
}

/** Columns padded to line up. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cellsOf(cell))))
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - cellsOf(cell)))
      .join('  ')
      .trimEnd(),
  )
}
