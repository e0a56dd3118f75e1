/** @file SegFace checkpoints of named tensors: whole networks of the published shapes, made on the spot. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Tensor } from '../../src/main/base/tensor'
import { CLASS_TOKENS } from '../../src/main/segface/config'
import { namedStateDict } from './named_tensors'
import { writeTorchCheckpoint } from './checkpoint'

type StateDictList = readonly (readonly [name: string, shape: readonly number[], dtype: string])[]

/** The state dict of SegFace with MobileNetV3-Large; with 11 classes as LaPa's and Helen's checkpoints have it. */
export function mobilenetStateDict(classes: 19 | 11 = 19): Map<string, Tensor> {
  const fixture = readFileSync(resolve('tests', 'fixtures', 'forward', 'mobilenet_256.json'), 'utf8')
  const { state_dict } = JSON.parse(fixture) as { state_dict: StateDictList }
  return namedStateDict(classes === 19 ? state_dict : withTokens(state_dict, CLASS_TOKENS[11]))
}

/** The same list with other class tokens, which stand where those of the list begin. */
export function withTokens(list: StateDictList, tokens: readonly string[]): StateDictList {
  const isToken = ([name]: StateDictList[number]) => name.endsWith('_token.weight')
  const first = list.findIndex(isToken)
  const others = list.filter((entry) => !isToken(entry))
  const own = tokens.map((token) => [`face_decoder.${token}_token.weight`, [1, 256], 'float32'] as const)
  return [...others.slice(0, first), ...own, ...others.slice(first)]
}

/** Writes it as SegFace's training does: a `.pt` file with the tensors under `state_dict_backbone`. */
export async function writeMobilenet(file: string, classes: 19 | 11 = 19): Promise<Map<string, Tensor>> {
  const stateDict = mobilenetStateDict(classes)
  const tensors = Array.from(stateDict, ([name, tensor]) => ({ name, tensor }))
  await writeTorchCheckpoint(file, tensors, { container: 'state_dict_backbone', extra: { epoch: 1 } })
  return stateDict
}
