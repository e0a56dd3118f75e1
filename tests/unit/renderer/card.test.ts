/** @file A model's card becomes headings, paragraphs, lists and tables, with bold words and code; anything else stays text. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseCard } from '../../../src/renderer/src/state/card'

test('headings, bold words, tables', () => {
  expect(
    parseCard('# Name\n\n**Terms.** Research\nonly.\n\n| part | F1 |\n|---|---:|\n| skin | 0.95 |\n'),
  ).toEqual([
    { kind: 'heading', text: 'Name' },
    {
      kind: 'paragraph',
      spans: [
        { text: 'Terms.', kind: 'bold' },
        { text: ' Research only.', kind: 'plain' },
      ],
    },
    { kind: 'table', head: ['part', 'F1'], rows: [['skin', '0.95']] },
  ])
})

test('lists, also right under a sentence, and code', () => {
  const plain = (text: string) => ({ text, kind: 'plain' })
  expect(parseCard('Left out:\n- one\n  long item\n* `two.jpg`\n\nEnd')).toEqual([
    { kind: 'paragraph', spans: [plain('Left out:')] },
    { kind: 'list', items: [[plain('one long item')], [{ text: 'two.jpg', kind: 'code' }]] },
    { kind: 'paragraph', spans: [plain('End')] },
  ])
})

test('what is no such form is a paragraph, and nothing is nothing', () => {
  expect(parseCard('| a |')).toEqual([{ kind: 'paragraph', spans: [{ text: '| a |', kind: 'plain' }] }])
  expect(parseCard('#tag')).toEqual([{ kind: 'paragraph', spans: [{ text: '#tag', kind: 'plain' }] }])
  expect(parseCard(' \n\n')).toEqual([])
})

test('the shipped card has its 18 parts in a table', () => {
  const card = readFileSync(resolve('resources', 'models', 'segface-mobilenet-by-facet', 'card.md'), 'utf8')
  const tables = parseCard(card).filter((block) => block.kind === 'table')
  expect(tables.map(({ rows }) => rows.length)).toEqual([18])
})
