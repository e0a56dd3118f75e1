/** @file The engine's side: jobs come one after another and are done on the one thread that calls onnxruntime. */
import { writeFileAtomic } from '../base/fs'
import { writeNpy } from '../base/npy'
import { encodeModel } from '../onnx/encode'
import { toWire } from '../../shared/errors'
import { countPixels } from '../metrics/confusion'
import { toClassNumbers } from '../segface/postprocess'
import { labelsAt, readInput } from '../segface/preprocess'
import { readImages } from './arrays'
import { examine } from './examine'
import type { GraphCache } from './graph_cache'
import { train } from '../training/run'
import type { Control, Talk } from '../training/news'
import { predictMany, ReadAhead } from './many'
import { comparePrecisions } from './precision'
import { selfTest } from './selftest'
import { step } from './step'
import type { Grid } from './ending'
import { buildNetwork, Networks, recogniseIn, type Labeller } from './networks'
import {
  encodeFrame,
  FrameReader,
  type ControlMessage,
  type JobKind,
  type JobMessage,
  type Jobs,
} from './protocol'

type Handlers = { [K in JobKind]: (request: Jobs[K]['request'], talk: Talk) => Promise<Jobs[K]['answer']> }

/** Answers the jobs that come in on `input`, in order, until it ends. */
export function serveEngine(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  cache: GraphCache | null,
): void {
  const networks = new Networks(cache)
  const ahead = new ReadAhead()
  const handlers: Handlers = {
    predict: (request) => predict(networks, request),
    confidence: (request) => confidence(networks, request),
    predictMany: (request) => predictMany(networks, ahead, request),
    score: (request) => score(networks, request),
    logits: (request) => logits(networks, request),
    step,
    examine,
    look: (request) => look(networks, request),
    trial: (request) => selfTest(networks, request),
    precision: (request) => comparePrecisions(networks, request),
    export: exportOnnx,
    train: ({ folder }, talk) => train(folder, talk),
  }
  let last = Promise.resolve()
  const controls = new Map<number, Control>()
  const reader = new FrameReader((received) => {
    const message = received as JobMessage | ControlMessage
    if ('control' in message) {
      controls.set(message.id, message.control)
      return
    }
    const { id } = message
    const talk: Talk = {
      tell: (news) => void output.write(encodeFrame({ id, news })),
      asked: () => controls.get(id) ?? null,
    }
    last = last.then(async () => {
      output.write(encodeFrame(await answer(handlers, message, talk)))
      controls.delete(id)
    })
  })
  input.on('data', (chunk: Buffer) => reader.push(chunk))
  // The backend ended, or was ended, and nobody listens any more.
  input.once('end', () => process.exit(0))
  output.once('error', () => process.exit(0))
}

async function answer(
  handlers: Handlers,
  message: JobMessage,
  talk: Talk,
): Promise<Parameters<typeof encodeFrame>[0]> {
  try {
    const handle = handlers[message.kind] as (
      request: JobMessage['request'],
      talk: Talk,
    ) => Promise<Jobs[JobKind]['answer']>
    return { id: message.id, answer: await handle(message.request, talk) }
  } catch (error) {
    return { id: message.id, error: toWire(error) }
  }
}

async function predict(
  networks: Networks,
  { network: ref, provider, picture, grid }: Jobs['predict']['request'],
): Promise<Jobs['predict']['answer']> {
  const labeller = await networks.loadLabeller(ref, provider)
  const start = performance.now()
  const labels = await labelPicture(labeller, picture, grid)
  return { labels, ms: performance.now() - start }
}

async function confidence(
  networks: Networks,
  { network: ref, provider, picture, grid }: Jobs['confidence']['request'],
): Promise<Jobs['confidence']['answer']> {
  const labeller = await networks.loadLabeller(ref, provider, 'confidence')
  return { confidence: await channelsIn(labeller, picture, grid) }
}

async function score(
  networks: Networks,
  { network: ref, provider, picture, truth, side: said }: Jobs['score']['request'],
): Promise<Jobs['score']['answer']> {
  const labeller = await networks.loadLabeller(ref, provider)
  const side = said ?? labeller.resolution
  const start = performance.now()
  const labels = await labelPicture(labeller, picture, { width: side, height: side })
  return {
    confusion: countPixels(labelsAt(truth, side), labels, truth.checked),
    ms: performance.now() - start,
  }
}

async function look(
  networks: Networks,
  { network: ref, picture, grid }: Jobs['look']['request'],
): Promise<Jobs['look']['answer']> {
  return { channels: await channelsIn(await networks.loadLabeller(ref, 'cpu'), picture, grid) }
}

/** One class a pixel of the picture, SegFace's numbers, on a grid of any size, [height, width]. */
async function labelPicture(labeller: Labeller, picture: string, grid: Grid): Promise<Uint8Array> {
  const labels = await channelsIn(labeller, picture, grid)
  toClassNumbers(labels, labeller.channels)
  return labels
}

/** What the labeller gives of each pixel, as it is. */
async function channelsIn(labeller: Labeller, picture: string, grid: Grid): Promise<Uint8Array> {
  const { resolution, preprocessing } = labeller
  return labeller.label(await readInput(picture, resolution, preprocessing), grid)
}

async function logits(
  networks: Networks,
  { weights, provider, input, output }: Jobs['logits']['request'],
): Promise<Jobs['logits']['answer']> {
  const { data: images, count, resolution } = await readImages(input)
  const network = await networks.load({ weights, resolution }, provider)
  const classes = network.channels.length
  const all = new Float32Array(count * classes * resolution ** 2)
  const size = 3 * resolution ** 2
  const start = performance.now()
  for (let n = 0; n < count; n++) {
    const { data } = await network.run(images.slice(n * size, (n + 1) * size))
    all.set(data, n * data.length)
  }
  const ms = (performance.now() - start) / count
  await writeNpy(output, { dtype: 'float32', shape: [count, classes, resolution, resolution], data: all })
  return { arch: (await recogniseIn(weights)).arch, ms }
}

async function exportOnnx({
  network,
  file,
  metadata,
}: Jobs['export']['request']): Promise<Jobs['export']['answer']> {
  const graph = await buildNetwork(network)
  await writeFileAtomic(file, encodeModel(graph, { metadata: new Map(Object.entries(metadata)) }))
  return null
}
