/** @file Numbers and file names for what is written, and the list `facet-names.csv` that leads back to the photos. */
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { parseId } from './celebamask/format'

/** Also the mark by which Facet knows folders that it wrote. */
export const NAMES_FILE = 'facet-names.csv'

/**
 * An id for each name (a path below the workspace, with forward slashes), in the names' order. A stem that is a number
 * of at most six digits keeps it (`0.jpg` is 0, `00012.png` is 12) unless an earlier name has it; all others get the
 * numbers that follow the highest. `taken` are ids of names that were numbered before.
 */
export function assignIds(
  names: readonly string[],
  taken: ReadonlyMap<string, number> = new Map(),
): number[] {
  const used = new Set(taken.values())
  const kept = names.map((name) => {
    const before = taken.get(name)
    if (before !== undefined) return before
    const id = parseId(posix.parse(name).name)
    if (id === null || used.has(id)) return null
    used.add(id)
    return id
  })
  let next = [...used].reduce((highest, id) => Math.max(highest, id), -1) + 1
  return kept.map((id) => id ?? next++)
}

/**
 * Names the index PNG of one photo after the other: `a/b.jpg` gives `a/b.png`, unless an earlier photo has that file;
 * then the ending stays, `a/b.webp.png`.
 */
export function createIndexNamer(): (name: string) => string {
  const used = new Set<string>()
  return (name) => {
    const { dir, name: stem } = posix.parse(name)
    const short = `${posix.join(dir, stem)}.png`
    // Two names that differ in case only are one file on Windows and macOS.
    const file = used.has(short.toLowerCase()) ? `${name}.png` : short
    used.add(file.toLowerCase())
    return file
  }
}

/** `facet-names.csv`: a header, then id and name of each picture, quoted as RFC 4180 asks. */
export function writeNames(rows: Iterable<readonly [id: number, name: string]>): string {
  const lines = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([id, name]) => `${id},"${name.replaceAll('"', '""')}"\r\n`)
  return `id,name\r\n${lines.join('')}`
}

/** The ids by name that `writeNames` wrote into `folder`; null where the file is not there. */
export async function readNames(folder: string): Promise<Map<string, number> | null> {
  const text = await readFile(join(folder, NAMES_FILE), 'utf8').catch(() => null)
  if (text === null) return null
  const rows = text.matchAll(/^(\d+),"((?:[^"]|"")*)"\r?$/gm)
  return new Map(Array.from(rows, ([, id, name]) => [(name ?? '').replaceAll('""', '"'), Number(id)]))
}
