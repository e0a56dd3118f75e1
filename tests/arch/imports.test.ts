/** @file Who may import whom: rooms in one direction, each package in the rooms that were chosen for it, no rings. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFolder } from '../helpers/folder'
import { chainTo, findCycle, importGraph, importsOf, type Edge } from './imports'

/** Each room with the rooms it may import besides itself; types count as well. A room is the longest path that fits. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  shared: [],

  'main/base': ['shared'],
  'main/imaging': ['main/base', 'shared'],
  'main/checkpoint': ['main/base', 'shared'],
  'main/onnx': ['main/base', 'shared'],

  'main/metrics': ['shared'],
  'main/runtime': ['main/onnx', 'shared'],
  'main/store': ['shared'],
  'main/segface': ['main/onnx', 'main/imaging', 'main/base', 'shared'],
  'main/dataset': ['main/imaging', 'main/base', 'shared'],
  'main/autodiff': ['main/onnx', 'main/base', 'shared'],
  'main/training': [
    'main/autodiff',
    'main/runtime',
    'main/metrics',
    'main/segface',
    'main/onnx',
    'main/checkpoint',
    'main/imaging',
    'main/base',
    'shared',
  ],
  'main/engine': [
    'main/training',
    'main/runtime',
    'main/metrics',
    'main/segface',
    'main/onnx',
    'main/checkpoint',
    'main/imaging',
    'main/base',
    'shared',
  ],
  'main/models': ['main/engine', 'main/segface', 'main/checkpoint', 'main/onnx', 'main/base', 'shared'],
  'main/app': [
    'main/models',
    'main/training',
    'main/store',
    'main/dataset',
    'main/engine',
    'main/runtime',
    'main/metrics',
    'main/segface',
    'main/onnx',
    'main/checkpoint',
    'main/imaging',
    'main/base',
    'shared',
  ],

  'main/node': ['main/app', 'shared', '../package.json'],
  'main/electron': ['main/node', 'main/app', 'shared'],
  'main/cli': ['main/node', 'main/app', 'shared'],
  preload: ['shared'],

  'main/index.ts': ['main/electron', 'main/node', 'main/app'],
  'main/cli.ts': ['main/cli'],
  'main/engine.ts': ['main/engine'],
  'main/launch.mjs': [],

  'renderer/src/backend': ['shared'],
  'renderer/src/i18n': ['shared'],
  'renderer/src/editor': ['shared'],
  'renderer/src/charts': ['shared'],
  'renderer/src/state': [
    'renderer/src/backend',
    'renderer/src/editor',
    'renderer/src/charts',
    'renderer/src/i18n',
    'shared',
  ],
  'renderer/src/components': [
    'renderer/src/state',
    'renderer/src/editor',
    'renderer/src/charts',
    'renderer/src/i18n',
    'shared',
  ],
  'renderer/src/App.svelte': ['renderer/src/components', 'renderer/src/state', 'renderer/src/i18n'],
  'renderer/src/main.ts': [
    'renderer/src/App.svelte',
    'renderer/src/app.css',
    'renderer/src/backend',
    'renderer/src/state',
  ],
}

/** Rooms that may ask the system for something; the others compute, and run wherever JavaScript does. */
const WITH_NODE = [
  'main/base',
  'main/imaging',
  'main/checkpoint',
  'main/dataset',
  'main/store',
  'main/runtime',
  'main/training',
  'main/engine',
  'main/models',
  'main/app',
  'main/node',
  'main/electron',
  'main/cli',
  'main/index.ts',
  'main/cli.ts',
  'main/engine.ts',
  'main/launch.mjs',
]

/** Each package with the places that may import it; a new one is put here first. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: [
    'shared/requests.ts',
    'shared/network_schema.ts',
    'shared/training.ts',
    'main/checkpoint/safetensors.ts',
    'main/training',
    'main/models',
    'main/app',
    'main/cli',
  ],
  electron: ['main/index.ts', 'main/electron', 'preload', 'main/launch.mjs'],
  'better-sqlite3': ['main/store/db.ts'],
  commander: ['main/cli'],
  'onnxruntime-common': ['main/runtime'],
  'onnxruntime-node': ['main/runtime'],
  sharp: ['main/imaging', 'main/dataset/celebamask/exporter.ts'],
  sirv: ['main/node/http.ts'],
  yauzl: ['main/checkpoint/zip.ts'],
  svelte: ['renderer/src'],
  'bits-ui': ['renderer/src/components'],
  '@lucide/svelte': ['renderer/src/components'],

  'node:child_process': [
    'main/engine/client.ts',
    'main/runtime/adapters.ts',
    'main/cli/serve.ts',
    'main/launch.mjs',
  ],
  'node:http': ['main/node/http.ts'],
  'node:module': ['main/runtime', 'main/launch.mjs'],
  'node:crypto': WITH_NODE,
  'node:fs': WITH_NODE,
  'node:os': WITH_NODE,
  'node:path': WITH_NODE,
  'node:timers': WITH_NODE,
  'node:url': WITH_NODE,
  'node:util': ['main/runtime/adapters.ts'],
  'node:zlib': WITH_NODE,
}

const lies = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`)

function roomOf(path: string): string | undefined {
  return [...Object.keys(ROOMS), 'renderer/src/app.css', '../package.json']
    .sort((a, b) => b.length - a.length)
    .find((room) => lies(path, room))
}

/** Sentences on the imports that are not allowed. */
function complaints(edges: readonly Edge[]): string[] {
  return edges.flatMap(({ from, to, kind }) => {
    if (kind === 'package') {
      const places = PACKAGES[to]
      if (!places) return [`${from} → ${to}: this package is not in the list`]
      return places.some((place) => lies(from, place))
        ? []
        : [`${from} → ${to}: only ${places.join(', ')} may`]
    }
    const [here, there] = [roomOf(from), roomOf(to)]
    if (here === undefined || there === undefined) return [`${from} → ${to}: a room that is not in the table`]
    const allowed = ROOMS[here] ?? []
    return here === there || allowed.includes(there)
      ? []
      : [`${from} → ${to}: ${here} may import ${allowed.join(', ') || 'nothing'} only`]
  })
}

describe('the sources', () => {
  const edges = importGraph(resolve('src'))

  test('import only what their room may', () => expect(complaints(edges)).toEqual([]))

  test('have no rings', () => expect(findCycle(edges)?.join(' → ') ?? null).toBeNull())

  test.each([
    ['main/cli.ts', ['electron']],
    ['main/engine.ts', ['electron', 'better-sqlite3', 'sirv', 'commander']],
    ['preload/index.ts', ['main', 'zod']],
    ['renderer/src/main.ts', ['main', 'electron']],
  ])('nothing that %s loads leads to %j', (door, forbidden) => {
    expect(edges.some(({ from }) => from === door)).toBe(true)
    const chain = chainTo(edges, door, (to) => forbidden.some((place) => lies(to, place)))
    expect(chain?.join(' → ') ?? null).toBeNull()
  })

  test('use every room and package of the tables', () => {
    const unused = (names: string[], isUsed: (name: string) => boolean) =>
      names.filter((name) => !isUsed(name))
    expect(unused(Object.keys(ROOMS), (room) => existsSync(resolve('src', room)))).toEqual([])
    expect(unused(Object.keys(PACKAGES), (name) => edges.some(({ to }) => to === name))).toEqual([])
    const places = Object.values(PACKAGES).flat()
    expect(unused(places, (place) => existsSync(resolve('src', place)))).toEqual([])
  })
})

describe('the built doors', () => {
  const isBuilt = existsSync(resolve('out', 'main', 'cli.js'))
  if (!isBuilt) console.info('left out: out/ is not built; npm test builds it first')

  test.runIf(isBuilt).each(['cli.js', 'engine.js'])(
    '%s and all it loads are free of Electron',
    async (door) => {
      const pending = [resolve('out', 'main', door)]
      const packages = new Set<string>()
      for (const file of pending) {
        for (const { specifier } of importsOf(await readFile(file, 'utf8'), file)) {
          if (!specifier.startsWith('.')) packages.add(specifier)
          else if (!pending.includes(join(dirname(file), specifier)))
            pending.push(join(dirname(file), specifier))
        }
      }
      expect(packages.size).toBeGreaterThan(5)
      expect([...packages].filter((name) => /^electron(\/|$)/.test(name))).toEqual([])
    },
  )
})

describe('the check itself', () => {
  test('sees imports of every kind, and which of them run', () => {
    const text = `
      import a from 'a'; import type { B } from 'b'; import { type C } from 'c'; export * from 'd'
      export type { E } from 'e'; import 'f'; const g = await import('g'); const h = require('h')
      const i = createRequire(import.meta.url)('i'); let j: import('j').J
      // import 'comment'
      const s = "import 'string'"`
    const imports = importsOf(text, 'x.ts')
    expect(imports.filter(({ typeOnly }) => !typeOnly).map(({ specifier }) => specifier)).toEqual([
      ...['a', 'c', 'd', 'f', 'g', 'h', 'i'],
    ])
    expect(imports.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual([
      'b',
      'e',
      'j',
    ])
    expect(importsOf(`<p>import 'no'</p><script lang="ts">import 'yes'</script>`, 'x.svelte')).toEqual([
      { specifier: 'yes', typeOnly: false },
    ])
  })

  test('names the file, the chain and the ring', async () => {
    const root = await makeFolder()
    const sources = {
      'shared/a.ts': "import 'node:fs'",
      'main/base/b.ts': "import type { C } from '../app/c'",
      'main/app/c.ts': "import './d'\nimport 'left-pad'",
      'main/app/d.ts': "import './c'\nimport 'electron'",
      'main/cli.ts': "import './app/c'",
    }
    for (const [file, text] of Object.entries(sources)) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await writeFile(join(root, file), text)
    }
    const edges = importGraph(root)
    expect(complaints(edges).sort()).toEqual([
      expect.stringMatching(/^main\/app\/c\.ts → left-pad: this package is not in the list/),
      expect.stringMatching(/^main\/app\/d\.ts → electron: only/),
      expect.stringMatching(/^main\/base\/b\.ts → main\/app\/c\.ts: main\/base may import shared only/),
      expect.stringMatching(/^main\/cli\.ts → main\/app\/c\.ts/),
      expect.stringMatching(/^shared\/a\.ts → node:fs: only/),
    ])
    expect(findCycle(edges)).toEqual(['main/app/c.ts', 'main/app/d.ts', 'main/app/c.ts'])
    expect(chainTo(edges, 'main/cli.ts', (to) => to === 'electron')).toEqual([
      ...['main/cli.ts', 'main/app/c.ts', 'main/app/d.ts', 'electron'],
    ])
  })
})
