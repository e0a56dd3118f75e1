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
const session =
  which === 'ours'
    ? (await new Networks(new GraphCache(cache, 'bench')).load({ weights: file, resolution: side }, 'cpu'))
        .session
    : await createSession(file, 'cpu')
const loadMs = performance.now() - start
const image = { data: new Float32Array(3 * side * side), shape: [1, 3, side, side] }
for (let i = 0; i < RUNS; i++) await session.run({ image })
const alone: Alone = { loadMs, peakMB: peakKB() / 1024 }
console.log(JSON.stringify(alone))

/** Resident at most. Linux's own maxRSS counts in what the process had that started this one. */
function peakKB(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
