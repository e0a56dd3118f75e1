/**
 * @file `list_eval_partition.txt`: which picture is for training, validation and test. CelebA's own file is keyed by the
 * file names of CelebA, which lead to CelebA-HQ's ids through `CelebA-HQ-to-CelebA-mapping.txt`; lists of custom data
 * (`00001 0`, `1.jpg 0`) are keyed by the id itself.
 */
import type { Complaint } from '../../../shared/answers'
import type { Split } from '../../../shared/terms'
import { SPLITS } from '../../../shared/terms'
import { COMPLETE_COUNT, MAPPING_FILE, PARTITION_FILE, paddedId } from './format'

export interface Partition {
  readonly splits: ReadonlyMap<number, Split>
  readonly complaints: Complaint[]
}

/** CelebA's split of the 30,000 pictures, that every paper reports on. */
const COMPLETE_SPLITS: Readonly<Record<Split, number>> = { train: 24_183, val: 2_993, test: 2_824 }

interface Line {
  /** The key as it is written. */
  readonly name: string
  readonly id: number
  readonly split: Split
  /** Its place in the file, from 1 on. */
  readonly row: number
}

/**
 * Reads a list for the pictures `ids`. `mapping` is the text of the mapping file, null where there is none.
 * Nothing here throws: what cannot be read, and a result that makes no sense, is a complaint.
 */
export function readPartition(text: string, mapping: string | null, ids: Iterable<number>): Partition {
  const complaints: Complaint[] = []
  const complain = (message: string): void => void complaints.push({ file: PARTITION_FILE, message })
  const lines = parseLines(text, complain)
  complainOfTwice(lines, complain)
  const byId = isOfficial(lines, mapping) ? officialSplits(lines, mapping, complain) : customSplits(lines)
  const wanted = [...ids]
  const splits = new Map<number, Split>()
  for (const id of wanted) {
    const split = byId.get(id)
    if (split) splits.set(id, split)
  }
  judge(splits, wanted.length, complain)
  return { splits, complaints }
}

/** The list of custom data: `00012 0`, a line for each id in ascending order. */
export function writePartition(splits: ReadonlyMap<number, Split>): string {
  return [...splits]
    .sort(([a], [b]) => a - b)
    .map(([id, split]) => `${paddedId(id)} ${SPLITS.indexOf(split)}\n`)
    .join('')
}

/** Where made-up names of CelebA begin: six digits, and above every id, by which CelebA's own list is known. */
const FIRST_ORIGINAL = 100_000

/** The same list as CelebA's own, keyed by file names that are made up, and the mapping from these to ids. */
export function writeOfficialPartition(splits: ReadonlyMap<number, Split>): {
  partition: string
  mapping: string
} {
  const rows = [...splits]
    .sort(([a], [b]) => a - b)
    .map(([id, split], i) => {
      const original = FIRST_ORIGINAL + i
      return { id, original, file: `${String(original + 1).padStart(6, '0')}.jpg`, split }
    })
  return {
    partition: rows.map(({ file, split }) => `${file} ${SPLITS.indexOf(split)}\n`).join(''),
    mapping: [
      'idx orig_idx orig_file',
      ...rows.map(({ id, original, file }) => `${id} ${original} ${file}`),
      '',
    ].join('\n'),
  }
}

function parseLines(text: string, complain: (message: string) => void): Line[] {
  const lines: Line[] = []
  const broken: number[] = []
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return
    const match = /^\s*((\d+)(?:\.(?:jpe?g|png))?)[\s,]+([012])\s*$/i.exec(line)
    const split = SPLITS[Number(match?.[3])]
    if (match?.[1] && split) lines.push({ name: match[1], id: Number(match[2]), split, row: index + 1 })
    else broken.push(index + 1)
  })
  if (broken.length > 0) {
    complain(
      `${broken.length === 1 ? 'A line is' : `${broken.length} lines are`} not of the form "00012 0" or "000012.jpg 0" with 0 train, 1 val, 2 test (first: line ${broken[0]}).`,
    )
  }
  return lines
}

/** Complains where a picture has lines of two splits. Its number tells it in both forms of the list. */
function complainOfTwice(lines: readonly Line[], complain: (message: string) => void): void {
  const last = new Map(lines.map((line) => [line.id, line]))
  const twice = lines.filter(({ id, split }) => last.get(id)?.split !== split)
  const [first] = twice
  const later = first && last.get(first.id)
  if (!later) return
  const pictures = new Set(twice.map(({ id }) => id)).size
  complain(
    `${pictures === 1 ? 'A picture has' : `${pictures} pictures have`} lines of different splits, and the last one counts; delete the others (first: ${first.name}, line ${first.row} ${first.split}, line ${later.row} ${later.split}).`,
  )
}

/**
 * CelebA's own list names six-digit .jpg files up to 202599.jpg. Taking ids for such numbers would put all of
 * CelebA-HQ in train, so any sign of the custom form decides for it: no ending, another width, no number above 30,000
 * (unless a mapping names every file of the list).
 */
function isOfficial(lines: readonly Line[], mapping: string | null): boolean {
  if (!lines.every(({ name }) => /^\d{6}\.jpg$/i.test(name))) return false
  if (lines.some(({ id }) => id > COMPLETE_COUNT)) return true
  const mapped = new Set(mapping?.toLowerCase().match(/\d+\.jpg/g))
  return lines.length > 0 && lines.every(({ name }) => mapped.has(name.toLowerCase()))
}

function customSplits(lines: readonly Line[]): Map<number, Split> {
  return new Map(lines.map(({ id, split }) => [id, split]))
}

function officialSplits(
  lines: readonly Line[],
  mapping: string | null,
  complain: (message: string) => void,
): Map<number, Split> {
  if (mapping === null) {
    complain(
      `It is CelebA's own list, keyed by CelebA's file names; put ${MAPPING_FILE} beside it to use it.`,
    )
    return new Map()
  }
  const byName = new Map(lines.map(({ name, split }) => [name.toLowerCase(), split]))
  const splits = new Map<number, Split>()
  for (const line of mapping.split(/\r?\n/)) {
    const match = /^\s*(\d+)\s+\d+\s+(\d+\.jpg)\s*$/i.exec(line)
    const split = match?.[2] && byName.get(match[2].toLowerCase())
    if (match && split) splits.set(Number(match[1]), split)
  }
  return splits
}

/** Complains where pictures are left without a split, or the splits cannot be what was meant. */
function judge(
  splits: ReadonlyMap<number, Split>,
  images: number,
  complain: (message: string) => void,
): void {
  if (splits.size < images) complain(`${images - splits.size} of ${images} pictures have no line in it.`)
  if (splits.size < 2) return
  const counts = countSplits(splits.values())
  const told = SPLITS.map((split) => `${counts[split]} ${split}`).join(', ')
  const only = SPLITS.find((split) => counts[split] === splits.size)
  if (only)
    complain(`It puts all ${splits.size} pictures in ${only}; is it keyed by another dataset's names?`)
  else if (images === COMPLETE_COUNT && SPLITS.some((split) => counts[split] !== COMPLETE_SPLITS[split])) {
    const official = SPLITS.map((split) => `${COMPLETE_SPLITS[split]} ${split}`).join(', ')
    complain(`It splits the complete dataset into ${told}; papers use ${official}.`)
  }
}

export function countSplits(splits: Iterable<Split | null>): Record<Split, number> {
  const counts = { train: 0, val: 0, test: 0 }
  for (const split of splits) if (split) counts[split]++
  return counts
}
