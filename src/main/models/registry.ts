/** @file The models there are: the one that ships with Facet, and those imported into the data folder. One folder each. */
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ModelInfo } from '../../shared/answers'
import { FacetError } from '../../shared/errors'
import { partsOf } from '../../shared/labels'
import { unreadable, writeFileAtomic } from '../base/fs'
import type { NetworkRef } from '../engine/protocol'
import { assemble, childrenOf, type Stored } from './lineage'
import { knownParts, limitsOf, type Abilities } from './limits'
import { CARD_FILE, channelsOf, MANIFEST_FILE, readManifest, weightsFile, type Manifest } from './manifest'
import { plainName } from './names'

/** A model with what it is made of and what is made of it. */
export interface Model extends Stored {
  /** What the engine needs to load it, made of its ancestors' files and its own. */
  readonly network: NetworkRef
  /** Ids of the models that are made of it. */
  readonly children: readonly string[]
}

/** What is known of a model file that is not in the registry. */
export interface FileFacts extends Abilities, Pick<NetworkRef, 'resolution' | 'onnx'> {
  /** What to beware of, in sentences. */
  readonly warnings: readonly string[]
}

/** A model that a command named, ready to be used. */
export interface NamedModel {
  readonly network: NetworkRef & { id: string }
  readonly abilities: Abilities
  /** What to beware of with a file; what an import found was said then. */
  readonly warnings: readonly string[]
}

export class Registry {
  readonly #shipped: string
  /** Where imported models go. */
  readonly folder: string

  constructor(paths: { dataDir: string; resources: string }) {
    this.#shipped = join(paths.resources, 'models')
    this.folder = join(paths.dataDir, 'models')
  }

  /** All models, the default one first, then by name. One that cannot be read, or lacks what it is made of, is left out. */
  async list(): Promise<Model[]> {
    const shipped = await readModels(this.#shipped, true)
    const imported = await readModels(this.folder, false)
    const stored = [...shipped, ...imported.sort((a, b) => a.manifest.name.localeCompare(b.manifest.name))]
    const byId = new Map(stored.map((model) => [model.manifest.id, model]))
    const children = childrenOf(stored)
    return stored.flatMap((model) => {
      try {
        const own = children.get(model.manifest.id) ?? []
        return { ...model, network: assemble(model, byId), children: own }
      } catch (error) {
        console.error(error instanceof Error ? error.message : error)
        return []
      }
    })
  }

  /** Ids that an imported model cannot have. */
  async shippedIds(): Promise<ReadonlySet<string>> {
    return new Set((await readModels(this.#shipped, true)).map(({ manifest }) => manifest.id))
  }

  /**
   * The model of this id, or else of this name, in any form of Unicode; null means the default. Throws `model/unknown`, naming
   * what there is, and `usage` for a name that several models have.
   */
  async find(idOrName: string | null): Promise<Model> {
    const models = await this.list()
    const found = idOrName === null ? models.filter(({ isDefault }) => isDefault) : matches(models, idOrName)
    if (found.length > 1) {
      const ids = found.map(({ manifest }) => manifest.id).join(', ')
      throw new FacetError(
        'usage',
        `${found.length} models are called ${JSON.stringify(idOrName)}; say which by its id: ${ids}.`,
        { model: idOrName },
      )
    }
    const [only] = found
    if (only) return only
    const known = models.map(({ manifest: { id, name } }) => (name === id ? id : `${name} (${id})`))
    throw new FacetError(
      'model/unknown',
      `There is no model ${JSON.stringify(idOrName ?? 'default')}; known: ${known.join(', ') || 'none'}.`,
      {
        model: idOrName,
      },
    )
  }

  /** Keeps a sentence on what to beware of with a model. Throws `file/unwritable`. */
  async warn({ folder }: Model, warning: string): Promise<void> {
    const manifest = await readManifest(folder)
    const warnings = [...new Set([...manifest.warnings, warning])]
    const text = JSON.stringify({ ...manifest, warnings }, null, 2)
    await writeFileAtomic(join(folder, MANIFEST_FILE), `${text}\n`)
  }

  /**
   * Deletes a model for good. Its folder stays, empty, so that no other model gets its id. Throws `conflict` for the default
   * one and for one that others are made of, naming them.
   */
  async remove({ manifest, folder, isDefault, children }: Model): Promise<void> {
    const refuse = (why: string): never => {
      throw new FacetError('conflict', `${manifest.id} ${why}`, { model: manifest.id })
    }
    if (isDefault) refuse('ships with Facet and stays.')
    if (children.length > 0) refuse(`is what ${children.join(', ')} is made of; delete that first.`)
    // Last what makes it a model: where a file is held by another program, it can be deleted again.
    for (const name of await readdir(folder))
      if (name !== MANIFEST_FILE) await rm(join(folder, name), { recursive: true })
    await rm(join(folder, MANIFEST_FILE))
  }

  /** What `--model` may name: a registry id or name, or else a file, which `describe` looks into. */
  async resolve(model: string, describe: (file: string) => Promise<FileFacts>): Promise<NamedModel> {
    try {
      const found = await this.find(model)
      return { network: networkOf(found), abilities: abilitiesOf(found), warnings: [] }
    } catch (error) {
      if (!(error instanceof FacetError) || error.code !== 'model/unknown') throw error
      const file = resolve(model)
      if (!existsSync(file) || (await stat(file)).isDirectory()) throw error
      const { resolution, onnx, warnings, ...abilities } = await describe(file)
      return { network: { id: file, weights: file, resolution, ...(onnx && { onnx }) }, abilities, warnings }
    }
  }
}

/** Those of the id or, where there is none, of the name. */
function matches(models: readonly Model[], idOrName: string): Model[] {
  const wanted = plainName(idOrName)
  const byId = models.filter(({ manifest }) => manifest.id === wanted)
  return byId.length > 0 ? byId : models.filter(({ manifest }) => plainName(manifest.name) === wanted)
}

async function readModels(root: string, isDefault: boolean): Promise<Stored[]> {
  const models: Stored[] = []
  for (const name of await modelFolders(root)) {
    const folder = join(root, name)
    if (!existsSync(join(folder, MANIFEST_FILE))) continue
    try {
      const manifest = await readManifest(folder)
      await weightBytes(manifest, folder)
      models.push({ manifest, folder, isDefault: isDefault && models.length === 0 })
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
    }
  }
  return models
}

/** Names of the folders in `root`, sorted; those with a dot are imports that run or were cut off. */
async function modelFolders(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).sort()
}

/** What the engine needs to load a model, with its id. */
export function networkOf({ manifest, network }: Model): NetworkRef & { id: string } {
  return { id: manifest.id, ...network }
}

/** Size of a model's own weights; a mixture has none. Throws `file/unreadable` where they are gone. */
async function weightBytes(manifest: Manifest, folder: string): Promise<number> {
  if (manifest.mix) return 0
  const file = join(folder, weightsFile(manifest))
  const { size } = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  return size
}

function abilitiesOf({ manifest }: Model): Abilities {
  return { classSet: manifest.class_set, channels: channelsOf(manifest) }
}

/** Bits of the parts that a model can make. */
export function partsOfModel({ manifest }: Model): number {
  return partsOf(channelsOf(manifest))
}

/** The model as a window shows it. */
export async function modelInfo(model: Model): Promise<ModelInfo> {
  const { manifest, folder, isDefault, children } = model
  const abilities = abilitiesOf(model)
  const bytes = await weightBytes(manifest, folder)
  const card = await readFile(join(folder, CARD_FILE), 'utf8').catch(() => '')
  const { id, name, arch, resolution, classes, params, licence, source, parent, scores, created } = manifest
  return {
    id,
    name,
    arch,
    resolution,
    classes,
    classSet: manifest.class_set,
    parts: knownParts(abilities.channels),
    limits: limitsOf(abilities),
    warnings: [...manifest.warnings],
    params,
    licence,
    source: source.file,
    parent,
    training: manifest.training,
    mix: manifest.mix,
    children: [...children],
    bytes,
    isDefault,
    card,
    scores,
    created,
  }
}
