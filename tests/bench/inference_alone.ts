/** @file One network in a process of its own: how long it takes to load, and the most memory it ever has. Started by inference.ts. */
import { readFileSync } from 'node:fs'
import { GraphCache } from '../../src/main/engine/graph_cache'
import { Networks } from '../../src/main/engine/networks'
import { createSession } from '../../src/main/runtime/session'

export interface Alone {
  readonly loadMs: number
  readonly peakMB: number
}

const RUNS = 3

const [, , which, file = '', resolution, cache = ''] = process.argv
const side = Number(resolution)
const start = performance.now()
const image = { data: new Float32Array(3 * side * side), shape: [1, 3, side, side] }
const run = which === 'ours' ? await loadOurs() : await loadLiteral()
const loadMs = performance.now() - start
for (let i = 0; i < RUNS; i++) await run()
const alone: Alone = { loadMs, peakMB: peakKB() / 1024 }
console.log(JSON.stringify(alone))

async function loadOurs(): Promise<() => Promise<unknown>> {
  const networks = new Networks(new GraphCache(cache, 'bench'))
  const network = await networks.load({ weights: file, resolution: side }, 'cpu')
  return () => network.run(image.data)
}

async function loadLiteral(): Promise<() => Promise<unknown>> {
  const session = await createSession(file, 'cpu')
  return () => session.run({ image })
}

/** Resident at most. Linux's own maxRSS counts in what the process had that started this one. */
function peakKB(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
