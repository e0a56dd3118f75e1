/** @file SegFace checkpoints of named tensors: whole networks of the published shapes, made on the spot. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Tensor } from '../../src/main/base/tensor'
import { namedStateDict } from './named_tensors'
import { writeTorchCheckpoint } from './checkpoint'

type StateDictList = readonly (readonly [name: string, shape: readonly number[], dtype: string])[]

/** The state dict of SegFace with MobileNetV3-Large. */
export function mobilenetStateDict(): Map<string, Tensor> {
  const fixture = readFileSync(resolve('tests', 'fixtures', 'forward', 'mobilenet_256.json'), 'utf8')
  return namedStateDict((JSON.parse(fixture) as { state_dict: StateDictList }).state_dict)
}

/** Writes it as SegFace's training does: a `.pt` file with the tensors under `state_dict_backbone`. */
export async function writeMobilenet(file: string): Promise<Map<string, Tensor>> {
  const stateDict = mobilenetStateDict()
  const tensors = Array.from(stateDict, ([name, tensor]) => ({ name, tensor }))
  await writeTorchCheckpoint(file, tensors, { container: 'state_dict_backbone', extra: { epoch: 1 } })
  return stateDict
}
