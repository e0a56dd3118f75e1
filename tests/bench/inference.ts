/** @file The shipped SegFace MobileNet as Facet builds it, on the processor: loading, the first time and again, and milliseconds per image. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GraphCache } from '../../src/main/engine/graph_cache'
import { Networks } from '../../src/main/engine/networks'
import type { Session } from '../../src/main/runtime/session'
import { noise } from '../helpers/named_tensors'
import { printTable, spread } from './report'

const WEIGHTS = join(resolve('resources', 'models', 'segface-mobilenet-by-facet'), 'weights.safetensors')
const SIDES = [256, 512]
const RUNS = 20

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'facet-bench-'))
  const rows = [['resolution', 'first load ms', 'load ms', `p50 / p95 ms per image (${RUNS} runs)`]]
  for (const side of SIDES) {
    const first = await load(side, folder)
    await first.session.release()
    const { session, ms } = await load(side, folder)
    const image = { data: Float32Array.from(noise('bench', 3 * side * side)), shape: [1, 3, side, side] }
    await session.run({ image })
    const times: number[] = []
    for (let i = 0; i < RUNS; i++) {
      const begun = performance.now()
      await session.run({ image })
      times.push(performance.now() - begun)
    }
    rows.push([`${side}²`, first.ms.toFixed(0), ms.toFixed(0), spread(times)])
    await session.release()
  }
  await rm(folder, { recursive: true })
  printTable(rows)
}

/** The network as an engine that has just started loads it. */
async function load(side: number, folder: string): Promise<{ session: Session; ms: number }> {
  const start = performance.now()
  const networks = new Networks(new GraphCache(folder, 'bench'))
  const { session } = await networks.load({ weights: WEIGHTS, resolution: side }, 'cpu')
  return { session, ms: performance.now() - start }
}
