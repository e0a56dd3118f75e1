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

/** One line of `facet-names.csv`. */
export interface NamedPicture {
  readonly id: number
  /** Path below its folder, with forward slashes. */
  readonly name: string
  /** Of a prediction, the folder of the picture, which stays there; of an export null. */
  readonly folder: string | null
}

type Named = Pick<NamedPicture, 'id' | 'name'> & Partial<NamedPicture>

/** `facet-names.csv`: a header, then a line for each picture by its id, quoted as RFC 4180 asks. */
export function writeNames(pictures: Iterable<Named>): string {
  const sorted = [...pictures].sort((a, b) => a.id - b.id)
  const header = sorted.some(({ folder = null }) => folder !== null) ? 'id,name,folder' : 'id,name'
  const lines = sorted.map(({ id, name, folder = null }) =>
    [String(id), quoted(name), ...(folder === null ? [] : [quoted(folder)])].join(','),
  )
  return [header, ...lines, ''].join('\r\n')
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

const RE_LINE = /^(\d+),"((?:[^"]|"")*)"(?:,"((?:[^"]|"")*)")?\r?$/gm

/** What `writeNames` wrote into `folder`, by name; null where the file is not there. */
export async function readNames(folder: string): Promise<Map<string, NamedPicture> | null> {
  const text = await readFile(join(folder, NAMES_FILE), 'utf8').catch(() => null)
  if (text === null) return null
  const plain = (field: string) => field.replaceAll('""', '"')
  return new Map(
    Array.from(text.matchAll(RE_LINE), ([, id, name = '', from]) => {
      const picture = { id: Number(id), name: plain(name), folder: from === undefined ? null : plain(from) }
      return [picture.name, picture]
    }),
  )
}
