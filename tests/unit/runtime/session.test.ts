/** @file Whose fault an error in use is: of a GPU's provider another may do; the processor's own errors are the graph's or ours. */
import { expect, test } from 'vitest'
import { blaming } from '../../../src/main/runtime/session'

const lost = (): Promise<never> => Promise.reject(new Error('device lost'))

test("what a GPU throws in use is its provider's fault, and says what happened", async () => {
  await expect(blaming('webgpu', lost)).rejects.toMatchObject({
    code: 'provider/unusable',
    message: 'The provider webgpu cannot run this network here: device lost.',
    details: { provider: 'webgpu', reason: 'device lost' },
  })
})

test("the processor's errors stay what they are", async () => {
  await expect(blaming('cpu', lost)).rejects.toThrow(/^device lost$/)
  expect(await blaming('cpu', () => Promise.resolve(1))).toBe(1)
})
