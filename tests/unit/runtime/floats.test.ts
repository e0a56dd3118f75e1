/** @file NVIDIA's libraries are told to compute floats as floats before they are loaded, but not against the user's word. */
import { listSupportedBackends } from 'onnxruntime-node'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeModel } from '../../../src/main/onnx/encode'
import { GraphBuilder } from '../../../src/main/onnx/graph'
import { Identity } from '../../../src/main/onnx/ops/elementwise'
import { createSession } from '../../../src/main/runtime/session'
import type { Provider } from '../../../src/shared/terms'

const VARIABLE = 'NVIDIA_TF32_OVERRIDE'

function graph(): Uint8Array {
  const g = new GraphBuilder('identity')
  g.output('y', Identity(g, g.input('x', 'float32', [1])))
  return encodeModel(g.finish())
}

/** Where CUDA can be asked for; whether there is a card is all the same. */
describe.runIf(listSupportedBackends().some(({ name }) => name === 'cuda'))('the libraries of CUDA', () => {
  beforeEach(() => {
    vi.stubEnv(VARIABLE, undefined)
    return () => void vi.unstubAllEnvs()
  })

  const ask = async (provider: Provider): Promise<string | undefined> => {
    const session = await createSession(graph(), provider).catch(() => null)
    await session?.release()
    return process.env[VARIABLE]
  }

  test('do not round', async () => {
    expect(await ask('cpu')).toBeUndefined()
    expect(await ask('cuda')).toBe('0')
  })

  test('do as the user says', async () => {
    vi.stubEnv(VARIABLE, '1')
    expect(await ask('cuda')).toBe('1')
  })
})
