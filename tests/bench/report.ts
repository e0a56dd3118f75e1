/** @file What every bench shares: quantiles, a table, the machine and its load. */
import { cpus, loadavg } from 'node:os'
import { quantile } from '../../src/main/base/quantile'

/** `p50 / p95 (n)` of milliseconds. */
export function spread(values: readonly number[]): string {
  return `${show(quantile(values, 0.5))} / ${show(quantile(values, 0.95))} (${values.length})`
}

export function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}

/** Prints rows in columns; the first row is the head. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** Other work on the machine spoils a measurement, so its load is printed before and after. */
export function printMachine(): void {
  const [processor] = cpus()
  const load = loadavg().map((value) => value.toFixed(2))
  console.log(`[${processor?.model ?? '?'}, ${cpus().length} cores, load ${load.join(' ')}]`)
}
