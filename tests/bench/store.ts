/** @file What storing costs: one stroke, undo and redo, on a face of 512 x 512 and one of 1024 x 1024, until it is on disk. */
import { join } from 'node:path'
import { openStore } from '../../src/main/store/open'
import { PART_COUNT } from '../../src/shared/labels'
import { encodePatch } from '../../src/shared/patch'
import { randomStroke, seeded } from '../store/strokes'
import { inFolder } from './place'
import { printTable, spread } from './report'

const SIDES = [512, 1024]
const STROKES = 300

export function run(): Promise<void> {
  return inFolder(async (folder) => {
    const rows = [['grid', 'commit p50 / p95 ms (n)', 'undo p50 / p95 ms (n)', 'redo p50 / p95 ms (n)']]
    for (const side of SIDES) {
      const store = openStore(join(folder, `${side}.db`))
      const scan = store.scan()
      const { added } = scan.add([{ name: 'a.jpg', bytes: 1, mtimeMs: 1 }])
      scan.finish()
      const face = store.ensureFace(added[0]?.id ?? 0, { width: side, height: side }).id
      const labels = Uint8Array.from({ length: side * side }, (_, i) => Math.floor((19 * i) / (side * side)))
      store.writePrediction({ face, labels, model: 'bench' })
      const random = seeded(7)
      const commits: number[] = []
      for (let i = 0; i < STROKES; i++) {
        const part = i % PART_COUNT
        const patch = encodePatch(randomStroke(random, store.readFace(face).map, part))
        const change = { face, kind: 'stroke', label: 'brush', part, patch, author: 'bench' } as const
        commits.push(timed(() => store.commit(change)))
      }
      const undos = Array.from({ length: STROKES / 2 }, () => timed(() => store.undo(face)))
      const redos = Array.from({ length: STROKES / 2 }, () => timed(() => store.redo(face)))
      store.close()
      rows.push([`${side}²`, spread(commits), spread(undos), spread(redos)])
    }
    printTable(rows)
  })
}

function timed(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}
