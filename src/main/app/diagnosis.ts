/** @file Looking inside: files that models and work come in, the raw network and its steps, and this computer. */
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { DoctorReport, PrecisionCheck, ProviderTrial } from '../../shared/answers'
import { STATUSES } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { requireOther, unwritable } from '../base/fs'
import { infosByName } from '../checkpoint/checkpoint'
import { withCheckpoint } from '../checkpoint/open'
import { MANIFEST_FILE, readManifest, type Manifest } from '../models/manifest'
import { isOnnx } from '../models/onnx_file'
import { networkOf } from '../models/registry'
import { describeModel } from '../onnx/decode'
import { ladder } from '../runtime/providers'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import { recognise } from '../segface/config'
import { gainsInInt8 } from '../segface/int8'
import { countParameters } from '../segface/weights'
import { openReader } from '../store/open'
import type { Context, Handlers } from './app'
import { modelOfSettings } from './models'
import type { Verdict } from './providers'

/** Providers are tried with a checkpoint outside the registry at this side: every network runs there. */
const TRIAL_RESOLUTION = 256

/** The processor of a verdict for which it was not timed, because nothing else works. */
const UNTIMED: ProviderTrial = {
  provider: 'cpu',
  verdict: 'works',
  trains: true,
  detail: 'serves because nothing else does',
  ms: null,
}

export function diagnosisHandlers(
  context: Context,
): Pick<Handlers, 'logits.run' | 'step.run' | 'inspect.file' | 'doctor.run' | 'doctor.remembered'> {
  const { providers, precisions, inference, jobs, deps, workspace } = context
  return {
    'logits.run': ({ checkpoint, input, output, provider, job }) =>
      jobs.run(job, 'logits.run', async ({ signal }) => {
        const weights = resolve(checkpoint)
        await requireOther(resolve(output), [weights, resolve(input)])
        const network = { id: weights, weights, resolution: TRIAL_RESOLUTION }
        const { chosen } = await providers.choose(network, provider, signal)
        const { arch, ms } = await written(resolve(output), (draft) => {
          const request = { weights, provider: chosen, input: resolve(input), output: draft }
          return inference.engine.submit('logits', request, { signal })
        })
        return { arch, provider: chosen, ms }
      }),
    'step.run': ({ checkpoint, images, labels, output, gradients, job, ...settings }) =>
      jobs.run(job, 'step.run', async ({ signal }) => {
        const files = { weights: resolve(checkpoint), images: resolve(images), labels: resolve(labels) }
        const taken = Object.values(files)
        for (const file of [output, gradients]) {
          if (file === undefined) continue
          await requireOther(resolve(file), taken)
          taken.push(resolve(file))
        }
        return writtenIf(output, (stateDict) =>
          writtenIf(gradients, (gradientFile) => {
            const request = { ...files, settings, output: stateDict, gradients: gradientFile }
            return inference.engine.submit('step', request, { signal })
          }),
        )
      }),
    'inspect.file': ({ file }) => inspect(resolve(file)),
    'doctor.run': ({ job }) =>
      jobs.run(job, 'doctor.run', async ({ signal, progress }): Promise<DoctorReport> => {
        const { model, gone } = await modelOfSettings(context)
        const rungs = ladder().length
        let tried = 0
        progress(tried, rungs)
        const network = networkOf(model)
        const verdict = await providers.judge(network, {
          signal,
          timeAll: true,
          onTrial: () => progress(++tried, rungs),
        })
        const check = gainsInInt8(model.manifest.arch)
          ? await precisions.check(network, await precisions.pictures(workspace.current), signal)
          : null
        inference.reconsider()
        return report(model.manifest, verdict, check, gone)
      }),
    async 'doctor.remembered'() {
      const { model, gone } = await modelOfSettings(context)
      const verdict = await providers.remembered(networkOf(model))
      return verdict && report(model.manifest, verdict, await precisions.remembered(networkOf(model)), gone)
    },
  }

  /** The verdict on a model, with what it was found on; `gone` says that it is not the one asked about. */
  function report(
    { id, resolution }: Manifest,
    { chosen, why, trials }: Verdict,
    precision: PrecisionCheck | null,
    gone: string | null,
  ): DoctorReport {
    return {
      version: deps.version,
      node: process.versions.node,
      onnxruntime: ONNXRUNTIME_VERSION,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memory_gib: Math.round(totalmem() / 2 ** 30),
      model: id,
      resolution,
      providers: trials.some(({ provider }) => provider === chosen) ? [...trials] : [...trials, UNTIMED],
      chosen,
      why: gone === null ? why : `${gone}; ${why}`,
      precision,
    }
  }
}

/**
 * Has `work` write a draft and puts it in the place of `file` when it is done; where it fails or is cancelled nothing stays,
 * whatever the engine was doing then. Throws `file/unwritable`.
 */
async function written<T>(file: string, work: (draft: string) => Promise<T>): Promise<T> {
  const refuse = (error: unknown): never => {
    throw unwritable(file, error)
  }
  const folder = await mkdtemp(join(dirname(file), '.facet-')).catch(refuse)
  try {
    const draft = join(folder, basename(file))
    const answer = await work(draft)
    await rename(draft, file).catch(refuse)
    return answer
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** As `written`, where a file is wanted. */
function writtenIf<T>(file: string | undefined, work: (draft: string | null) => Promise<T>): Promise<T> {
  return file === undefined ? work(null) : written(resolve(file), work)
}

/** What is in a model folder, a workspace, an ONNX graph or a checkpoint. Throws where it is none of these. */
async function inspect(path: string): Promise<Record<string, unknown>> {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw new FacetError('file/unreadable', `${path} does not exist.`, { file: path })
  if (stats.isDirectory()) return inspectFolder(path)
  if (await isOnnx(path)) return inspectOnnx(await readFile(path))
  return withCheckpoint(path, async (checkpoint) => {
    const shapes = infosByName(checkpoint)
    return {
      kind: 'checkpoint',
      format: checkpoint.format,
      network: networkName(shapes),
      params: countParameters(shapes),
      metadata: checkpoint.metadata,
      tensors: checkpoint.tensors,
    }
  })
}

function inspectOnnx(bytes: Uint8Array): Record<string, unknown> {
  const model = describeModel(bytes)
  const operators: Record<string, number> = {}
  for (const { opType } of model.nodes) operators[opType] = (operators[opType] ?? 0) + 1
  return {
    kind: 'onnx',
    name: model.name,
    producer: model.producer,
    opsets: Object.fromEntries(model.opsets),
    metadata: Object.fromEntries(model.metadata),
    inputs: model.inputs,
    outputs: model.outputs,
    operators,
    initializers: Array.from(model.initializers, ([name, { dtype, shape }]) => ({ name, dtype, shape })),
  }
}

/** The network that the tensors make, or null for tensors of something else. */
function networkName(shapes: Parameters<typeof recognise>[0]): { arch: string; classes: number } | null {
  try {
    return recognise(shapes)
  } catch {
    return null
  }
}

async function inspectFolder(folder: string): Promise<Record<string, unknown>> {
  if (existsSync(join(folder, MANIFEST_FILE))) return { kind: 'model', ...(await readManifest(folder)) }
  const database = join(folder, '.facet', 'workspace.db')
  if (!existsSync(database)) {
    throw new FacetError(
      'file/malformed',
      `${folder} is neither a model (no ${MANIFEST_FILE}) nor a workspace (no .facet/workspace.db); name one of those, or a file.`,
      { file: folder },
    )
  }
  const store = openReader(database)
  try {
    const rows = store.listRows()
    const counts = STATUSES.map(
      (status) => [status, rows.filter((row) => row.status === status).length] as const,
    )
    return { kind: 'workspace', store: database, images: rows.length, statuses: Object.fromEntries(counts) }
  } finally {
    store.close()
  }
}
