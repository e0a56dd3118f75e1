/** @file What training starts from: a model of the registry, a checkpoint file, or a fresh network. */
import { noteOf } from '../../../shared/notes'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { FacetError } from '../../../shared/errors'
import { CLASS_NAMES } from '../../../shared/labels'
import { importModel } from '../../models/importer'
import type { Model, Registry } from '../../models/registry'
import { ARCHITECTURES, architectureOf, type Architecture } from '../../segface/config'

export interface Base {
  /** Registry id, or the architecture's name for a fresh network. */
  readonly id: string
  readonly arch: Architecture
  /** Null for a fresh network. */
  readonly model: Model | null
  /** What a person should know of the choice, in sentences. */
  readonly notes: readonly string[]
}

/**
 * The model `named`, or for null the one that predicts. A model that was trained on this very dataset is not gone on with
 * unless it was named: its base, with all corrections, ends better. Throws `model/unsupported` for what cannot be trained.
 */
export async function chooseBase(
  registry: Registry,
  named: string | null,
  predicting: string | null,
  dataset: string,
): Promise<Base> {
  const model = await registry.find(named ?? predicting)
  const root = await rootOf(registry, model, dataset)
  if (root === model) return trainable(model, [])
  const names = { model: model.manifest.name, base: root.manifest.name }
  return named !== null
    ? trainable(model, [noteOf('trainedHere', names)])
    : trainable(root, [noteOf('startsFromRoot', names)])
}

/**
 * As `chooseBase` for what a command line names: an architecture, whatever models are called, a model, also by its folder, or a
 * checkpoint file, which is imported.
 */
export async function resolveBase(registry: Registry, named: string, dataset: string): Promise<Base> {
  const arch = architectureOf(named)
  if (arch) return freshNetwork(registry, arch, named)
  try {
    return await chooseBase(registry, named, null, dataset)
  } catch (error) {
    if (!(error instanceof FacetError) || error.code !== 'model/unknown') throw error
    const file = resolve(named)
    const ofFolder = (await registry.list()).find(({ folder }) => folder === file)
    if (ofFolder) return chooseBase(registry, ofFolder.manifest.id, null, dataset)
    if (existsSync(file)) {
      const model = await importModel(registry, file)
      const { id, warnings } = model.manifest
      return trainable(model, [noteOf('imported', { file, model: id }), ...warnings])
    }
    throw new FacetError(
      'model/unknown',
      `${error.message} Nor is it a checkpoint file, or an architecture: ${ARCHITECTURES.join(', ')}.`,
      error.details,
    )
  }
}

/** A fresh network, also where models are stored under that very name, which are told with a way to each. */
async function freshNetwork(registry: Registry, arch: Architecture, named: string): Promise<Base> {
  const passed = (await registry.list()).filter(({ manifest }) =>
    [manifest.id, manifest.name].includes(named),
  )
  const notes = passed.map(({ manifest: { id }, folder }) =>
    noteOf('freshNetwork', { named, model: architectureOf(id) === null ? id : folder }),
  )
  return { id: arch, arch, model: null, notes }
}

function trainable(model: Model, notes: readonly string[]): Base {
  const { id, arch, classes, onnx, mix } = model.manifest
  const known = ARCHITECTURES.find((candidate) => candidate === arch)
  if (known && classes === CLASS_NAMES.length && !onnx && !mix) return { id, arch: known, model, notes }
  const why = onnx
    ? noteOf('isForeign', {})
    : mix
      ? noteOf('isMixture', { base: mix.base, other: mix.other })
      : noteOf('hasOtherClasses', { found: classes, expected: CLASS_NAMES.length })
  throw new FacetError('model/unsupported', noteOf('notTrainable', { model: id, why }), { model: id })
}

/** The first ancestor that was not trained on `dataset`; of a mixture, that of what it takes most from. */
async function rootOf(registry: Registry, model: Model, dataset: string): Promise<Model> {
  const { mix, parent, training } = model.manifest
  if (mix) return rootOf(registry, await registry.find(mix.base), dataset)
  if (parent === null || training?.dataset !== dataset) return model
  return rootOf(registry, await registry.find(parent), dataset)
}
