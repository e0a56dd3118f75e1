/** @file An ONNX file of others into the registry: the file as it is, with the description of how it is fed and read. */
import { basename, join } from 'node:path'
import { FacetError } from '../../shared/errors'
import type { OnnxUse } from '../../shared/network'
import { copyBytes, writeFileAtomic } from '../base/fs'
import { addModel, type NewManifest } from './add'
import { hashFile } from './importer'
import { limitsOf, withLimits } from './limits'
import { ONNX_FILE } from './manifest'
import { plainName } from './names'
import type { OnnxFile, OnnxMap } from './onnx_file'
import type { KnownUse } from './onnx_use'
import { PRESETS } from './presets'
import type { Model, Registry } from './registry'
import type { Watch } from './sources'

export interface OnnxImportOptions extends Watch {
  readonly name?: string
}

/** The outputs of a file that turned out to be maps of classes, [1, C, h, w], when it ran. Throws `model/unsupported` for none. */
export function mapsThatRan(
  file: OnnxFile,
  outputs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): OnnxFile {
  const maps = outputs.flatMap(({ name, shape }): OnnxMap[] => {
    const [batch, channels = 0] = shape
    return shape.length === 4 && batch === 1 && channels >= 2 && channels <= 256 ? [{ name, channels }] : []
  })
  if (maps.length > 0) return { ...file, maps }
  const found = outputs.map(({ name, shape }) => `'${name}' [${shape.join(', ')}]`).join('; ')
  throw new FacetError(
    'model/unsupported',
    `${file.path} gives ${found}; a face parser gives logits [1, classes, h, w]: is it a model for another task?`,
    { file: file.path },
  )
}

/** Throws `usage` where the description does not fit the file: no such output, or another number of classes. */
export function requireFit(file: OnnxFile, { resolution, onnx }: OnnxUse): void {
  const { input, maps, path } = file
  const map = maps.find(({ name }) => name === onnx.output)
  const known = maps
    .map(({ name, channels }) => `'${name}' of ${channels ?? 'any number of'} classes`)
    .join(', ')
  const problem =
    onnx.input !== input.name
      ? `its input is '${input.name}', not '${onnx.input}'`
      : input.size !== null && input.size !== resolution
        ? `it takes pictures of ${input.size} x ${input.size}, not ${resolution} x ${resolution}`
        : map === undefined
          ? `it has no output '${onnx.output}' that is a map of classes; there is ${known}`
          : map.channels !== null && map.channels !== onnx.classes.length
            ? `its output '${map.name}' has ${map.channels} classes, but the description names ${onnx.classes.length}`
            : onnx.classes.every((name) => name === null || name === 'background')
              ? 'the description names none of its classes'
              : null
  if (problem === null) return
  throw new FacetError('usage', `${path} does not fit its description: ${problem}.`, { file: path })
}

/** Throws `usage` where a person must say how the file is used. */
export function requireSure(file: OnnxFile, use: KnownUse): KnownUse {
  if (use.sure) return use
  const outputs = file.maps.map(({ name, channels }) => `'${name}' of ${channels ?? '?'} classes`).join(', ')
  throw new FacetError(
    'usage',
    `${file.path} is an ONNX file that Facet does not know (${outputs}); say what it is with --preset ${PRESETS.map(({ name }) => name).join(', ')}, or describe it with --description, or drop it on Facet's window and look at what it makes of a picture.`,
    { file: file.path, needs: 'description' },
  )
}

/** Copies the file into `registry`; the same file with the same description, under the same name, is not imported twice. */
export async function importOnnx(
  registry: Registry,
  file: OnnxFile,
  use: KnownUse,
  { name: said, signal, progress }: OnnxImportOptions = {},
): Promise<Model> {
  const { preprocessing, ...ports } = use.onnx
  const sha256 = await hashFile(file.path, signal)
  const models = await registry.list()
  const name = plainName(said ?? basename(file.path).replace(/\.onnx$/i, ''))
  const described = JSON.stringify([use.resolution, ports, preprocessing])
  const same = models.find(
    ({ manifest }) =>
      manifest.source.sha256 === sha256 &&
      JSON.stringify([manifest.resolution, manifest.onnx, manifest.preprocessing]) === described &&
      (said === undefined || plainName(manifest.name) === name),
  )
  if (same) return same
  const manifest: NewManifest = {
    format: 1,
    name,
    arch: use.arch,
    class_set: use.classSet,
    classes: ports.classes.length,
    resolution: use.resolution,
    params: file.params,
    preprocessing,
    onnx: ports,
    licence: use.licence,
    half: false,
    source: { file: basename(file.path), sha256 },
    parent: null,
    training: null,
    mix: null,
    scores: {},
    created: new Date().toISOString(),
  }
  const limits = limitsOf({ classSet: use.classSet, channels: ports.classes })
  const watch = {
    ...(signal && { signal }),
    onBytes: (done: number) => progress?.(done, file.bytes),
  }
  return addModel(registry, manifest, withLimits(cardOf(name, use), name, limits), (folder) =>
    writeFileAtomic(join(folder, ONNX_FILE), (handle) => copyBytes(file.path, handle, watch)),
  )
}

function cardOf(name: string, { preset, resolution, onnx, licence }: KnownUse): string {
  const { resize, colours, mean, std } = onnx.preprocessing
  const fed = `Fed with ${resolution} x ${resolution} ${colours} pictures (${resize}; mean ${mean.join(', ')}; standard deviation ${std.join(', ')}); its output '${onnx.output}' has the classes ${onnx.classes.map((name) => name ?? '–').join(', ')}.`
  const about = preset ? `${preset.title}, published at ${preset.source}.` : 'An ONNX file of others.'
  const note = preset?.note === undefined ? '' : `\n${preset.note}\n`
  return `# ${name}\n\n${about} ${fed}\n${note}\n**Terms.** ${licence}\n`
}
