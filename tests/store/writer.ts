/**
 * @file A process that writes strokes until it is killed: `jiti writer.ts WORKSPACE.db SEED`. It prints the id of each
 * revision after the store acknowledged it; a test kills it and looks what is left.
 */
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { openStore } from '../../src/main/store/open'
import { encodePatch } from '../../src/shared/patch'
import { randomStroke, seeded } from './strokes'

const store = openStore(argv[2] ?? '')
const [face] = store.faces(1)
if (!face) throw new Error('the workspace has no face')
const random = seeded(Number(argv[3]))
const { map } = store.readFace(face.id)
let last = store.state(face.id).revision
writeSync(1, 'open\n')
for (;;) {
  const part = random(18)
  const patch = encodePatch(randomStroke(random, map, part))
  const { revision } = store.commit({
    face: face.id,
    kind: 'stroke',
    label: 'brush',
    part,
    patch,
    author: 'writer',
  })
  if (revision !== last) writeSync(1, `${revision}\n`)
  last = revision
}
