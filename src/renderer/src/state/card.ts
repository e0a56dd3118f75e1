/** @file A model's card as blocks to show: the little Markdown that cards are written in (headings, paragraphs, bold, tables). */

export interface Span {
  readonly text: string
  readonly bold: boolean
}

export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
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
    .map(parseBlock)
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

/** `**bold**` and the rest; pieces alternate. */
function spans(text: string): Span[] {
  return text
    .split(/\*\*(.+?)\*\*/)
    .map((piece, i) => ({ text: piece, bold: i % 2 === 1 }))
    .filter((span) => span.text !== '')
}
