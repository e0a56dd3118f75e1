/** @file Frames on the engine's pipe come out whole, however the pipe cuts them. */
import { describe, expect, test } from 'vitest'
import { encodeFrame, FrameReader, type AnswerMessage } from '../../../src/main/engine/protocol'

describe('frames', () => {
  const messages: AnswerMessage[] = [
    { id: 1, answer: { labels: Uint8Array.from({ length: 1000 }, (_, i) => i), ms: 1.5 } },
    { id: 2, error: { code: 'engine/failed', message: 'no', details: { a: 1 } } },
    { id: 3, answer: { labels: new Uint8Array(0), ms: 0 } },
  ]
  const bytes = Buffer.concat(messages.map(encodeFrame))

  test.each([1, 2, 3, 5, 17, 64, 1001, bytes.length])('survive chunks of %i bytes', (size) => {
    const seen: unknown[] = []
    const reader = new FrameReader((message) => seen.push(message))
    for (let i = 0; i < bytes.length; i += size) reader.push(bytes.subarray(i, i + size))
    expect(seen).toEqual(messages)
  })
})
