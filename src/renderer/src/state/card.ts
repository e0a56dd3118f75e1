/** @file A model's card as blocks to show: the little Markdown that cards are written in (headings, paragraphs, lists, bold, code, tables). */

export interface Span {
  readonly text: string
  readonly kind: 'plain' | 'bold' | 'code'
}

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Span[])[] }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly (readonly string[])[]
    }

/** Everything that is none of these forms is a paragraph as it stands. */
export function parseCard(text: string): Block[] {
  return text
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap(parsePart)
}

const BULLET = /^[-*] +/

/** Lines up to the first bullet are a block of their own. */
function parsePart(part: string): Block[] {
  const lines = part.split('\n')
  const start = lines.findIndex((line) => BULLET.test(line))
  if (start < 0) return [parseBlock(part)]
  const before = lines.slice(0, start).join('\n')
  return [...(before === '' ? [] : [parseBlock(before)]), parseList(lines.slice(start))]
}

/** A line without a bullet goes on with the item before it. */
function parseList(lines: readonly string[]): Block {
  const items: string[] = []
  for (const line of lines) {
    if (BULLET.test(line)) items.push(line.replace(BULLET, ''))
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return { kind: 'list', items: items.map(spans) }
}

function parseBlock(part: string): Block {
  const lines = part.split('\n')
  const heading = /^#{1,6}\s+(.+)$/.exec(part)
  if (heading && lines.length === 1) return { kind: 'heading', text: heading[1] ?? '' }
  const [head = [], ruler = [], ...rows] = lines.map(cells)
  const isTable = lines.every((line) => line.startsWith('|')) && ruler.every((cell) => /^:?-+:?$/.test(cell))
  if (isTable && ruler.length > 0) return { kind: 'table', head, rows }
  return { kind: 'paragraph', spans: spans(part.replaceAll('\n', ' ')) }
}

function cells(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim())
}

/** `**bold**`, `` `code` `` and the rest. */
function spans(text: string): Span[] {
  return text
    .split(/(\*\*.+?\*\*|`[^`]+`)/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (/^`[^`]+`$/.test(piece)) return { text: piece.slice(1, -1), kind: 'code' }
      if (/^\*\*.+\*\*$/.test(piece)) return { text: piece.slice(2, -2), kind: 'bold' }
      return { text: piece, kind: 'plain' }
    })
}
