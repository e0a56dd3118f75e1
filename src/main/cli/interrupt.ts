/** @file Ctrl+C: once asks for an end that keeps what there is, twice ends at once. */

/** A launcher passes on the signal that the terminal has sent here already; that is no second one. */
const ECHO_MS = 500

/** Calls `stop` for the first Ctrl+C, saying `stopping`. Returns a function that ends this. */
export function onInterrupt(stopping: string, stop: () => void): () => void {
  let first: number | null = null
  const hear = (): void => {
    if (first === null) {
      first = Date.now()
      process.stderr.write(`\n${stopping} Ctrl+C again ends at once.\n`)
      stop()
    } else if (Date.now() - first > ECHO_MS) {
      process.exit(130)
    }
  }
  process.on('SIGINT', hear)
  return () => void process.off('SIGINT', hear)
}
