/** @file What there is to score and to learn from, whatever a dataset's name names. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withSamples } from '../../../src/main/app/samples'
import { WorkspaceHolder } from '../../../src/main/app/workspace'
import { Loudspeaker } from '../../../src/main/base/events'
import type { Sample, SampleSet } from '../../../src/main/dataset/samples'
import { NAMES_FILE, writeNames } from '../../../src/main/dataset/names'
import { openStore } from '../../../src/main/store/open'
import type { Events } from '../../../src/shared/api'
import { PART_INDEX, PART_NAMES } from '../../../src/shared/labels'
import type { PartMap } from '../../../src/shared/mask'
import { tamper } from '../../store/helpers'
import { makeCelebAMask, overlappingParts, partsIn } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'

function makeHolder(dataDir: string): WorkspaceHolder {
  const paths = { dataDir, resources: '', renderer: '', engineEntry: '', node: '' }
  return new WorkspaceHolder(paths, new Loudspeaker<Events>())
}

/** The samples with their masks, read while they can be. */
function list(folder: string) {
  const holder = makeHolder(join(folder, '..', 'data'))
  return withSamples(holder, folder, async (set) => ({ ...set, maps: await readAll(set) }))
}

async function readAll({ samples }: SampleSet): Promise<Map<string, PartMap | null>> {
  return new Map(
    await Promise.all(samples.map(async (sample) => [sample.name, (await sample.read()).map] as const)),
  )
}

const facts = ({ name, split, status, parts }: Sample) => ({ name, split, status, parts: partNames(parts) })

function partNames(bits: number): string[] {
  return PART_NAMES.filter((name) => (bits >>> PART_INDEX[name]) & 1)
}

describe('a CelebAMask-HQ tree', () => {
  test('gives the pictures that have masks, in order, and complains of the others once each', async () => {
    const root = join(await makeFolder(), 'tree')
    const maps = await makeCelebAMask(root, { ids: [12, 3, 2001], partition: '00003 0\n02001 2\n' })
    await rm(join(root, 'CelebAMask-HQ-mask-anno', '0'), { recursive: true })
    await makeCelebAMask(root, { ids: [3] })
    const { kind, samples, complaints, maps: read } = await list(root)
    expect(kind).toBe('celebamask-hq')
    expect(samples.map(facts)).toEqual(
      ([3, 2001] as const).map((id) => ({
        name: `CelebA-HQ-img/${id}.jpg`,
        split: id === 3 ? 'train' : 'test',
        status: 'corrected',
        parts: partsIn(maps.get(id) ?? expect.fail('no map')),
      })),
    )
    expect(samples.map(({ image }) => image)).toEqual(samples.map(({ name }) => join(root, name)))
    expect([...read.values()]).toEqual([maps.get(3), maps.get(2001)])
    expect(complaints).toEqual([
      { file: 'list_eval_partition.txt', message: '1 of 3 pictures have no line in it.' },
      { file: 'CelebA-HQ-img/12.jpg', message: 'It has no masks.' },
    ])
    expect(existsSync(join(root, '.facet'))).toBe(false)
  })

  test('that is a workspace too gives the masks as they were corrected there, in the order of the tree', async () => {
    const root = join(await makeFolder(), 'tree')
    const partition = '00001 1\n00002 2\n00010 2\n00011 0\n'
    const tree = await makeCelebAMask(root, { ids: [1, 2, 10], partition })
    await writeJpeg(join(root, 'CelebA-HQ-img', '11.jpg'), await drawPortrait(48, 48))
    const corrected = overlappingParts('corrected', 48, 48)
    const store = openStore(join(root, '.facet', 'workspace.db'))
    onTestFinished(() => store.close())
    const names = ['1.jpg', '2.jpg', '10.jpg', '11.jpg'].map((name) => `CelebA-HQ-img/${name}`)
    store.syncImages(names.map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
    for (const id of [3, 4]) {
      const face = store.ensureFace(id, corrected)
      store.writeImport({ face: face.id, map: corrected, source: 'a hand' })
    }
    // The import into the workspace has only begun: the others' masks are still those of the tree.
    const { kind, samples, complaints, maps } = await list(root)
    expect(kind).toBe('workspace')
    expect(samples.map(({ name, id, split, status }) => [name, id, split, status])).toEqual([
      [names[0], null, 'val', 'corrected'],
      [names[1], null, 'test', 'corrected'],
      [names[2], 3, 'test', 'corrected'],
      [names[3], 4, null, 'corrected'],
    ])
    expect([...maps.values()]).toEqual([tree.get(1), tree.get(2), corrected, corrected])
    expect(complaints).toEqual([])
  })
})

describe('a workspace', () => {
  const map = overlappingParts('a face', 30, 20)

  /** a.jpg has imported masks, b.jpg a model's, c.jpg none, and d.jpg had masks before its file went. */
  async function makeWorkspace() {
    const folder = join(await makeFolder(), 'faces')
    await mkdir(folder)
    const portrait = await drawPortrait(30, 20)
    const names = ['a.jpg', 'b.jpg', 'c.jpg']
    for (const name of names) await writeJpeg(join(folder, name), portrait)
    const store = openStore(join(folder, '.facet', 'workspace.db'))
    onTestFinished(() => store.close())
    store.syncImages([...names, 'd.jpg'].map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
    const faceOf = (name: string) => store.ensureFace(store.findImage(name)?.id ?? 0, map).id
    for (const name of ['a.jpg', 'd.jpg'])
      store.writeImport({ face: faceOf(name), map, source: basename(folder) })
    const labels = Uint8Array.from(map.bits, (_, i) => (i % 2 === 0 ? 1 + PART_INDEX.hair : 0))
    store.writePrediction({ face: faceOf('b.jpg'), labels, model: 'm' })
    faceOf('c.jpg')
    store.setSplit([store.findImage('a.jpg')?.id ?? 0], 'val')
    return { folder, store }
  }

  const EXPECTED = [
    { name: 'a.jpg', split: 'val', status: 'corrected', parts: partsIn(map) },
    { name: 'b.jpg', split: null, status: 'predicted', parts: ['hair'] },
  ]

  test('gives the images with decided masks, also while another Facet has it open', async () => {
    const { folder, store } = await makeWorkspace()
    store.syncImages(['a.jpg', 'b.jpg', 'c.jpg'].map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
    const open = await list(folder)
    expect(open.samples.map(facts)).toEqual(EXPECTED)
    store.close()
    const closed = await list(folder)
    expect(closed.samples.map(facts)).toEqual(EXPECTED)
    expect(closed).toMatchObject({ kind: 'workspace', root: folder, complaints: [] })
    expect(closed.samples[0]).toMatchObject({ id: 1, image: join(folder, 'a.jpg') })
    expect(closed.maps.get('a.jpg')).toEqual(map)
    expect(closed.maps).toEqual(open.maps)
  })

  test('does not count its faces again where it holds an export of them', async () => {
    const { folder, store } = await makeWorkspace()
    store.syncImages(['a.jpg', 'b.jpg', 'c.jpg'].map((name) => ({ name, bytes: 1, mtimeMs: 1 })))
    await makeCelebAMask(join(folder, 'dataset'), { ids: [0, 1] })
    expect((await list(folder)).samples).toHaveLength(4)
    const wrote = (names: Record<string, number>) =>
      writeFile(
        join(folder, 'dataset', NAMES_FILE),
        writeNames(Object.entries(names).map(([name, id]) => ({ id, name, folder: null }))),
      )
    await wrote({ 'a.jpg': 0, 'b.jpg': 1 })
    expect((await list(folder)).samples.map(facts)).toEqual(EXPECTED)
    // What a colleague exported counts.
    await wrote({ 'theirs/a.jpg': 0, 'theirs/b.jpg': 1 })
    expect((await list(folder)).samples).toHaveLength(4)
  })

  test('complains of masks that are damaged and gives the others', async () => {
    const { folder, store } = await makeWorkspace()
    store.close()
    tamper(store.file, (database) =>
      database.exec(`UPDATE mask SET crc = crc + 1 WHERE face_id = 1 AND part = ${PART_INDEX.hair}`),
    )
    await withSamples(makeHolder(join(folder, '..', 'data')), folder, async ({ samples }) => {
      const [a, b] = await Promise.all(samples.map((sample) => sample.read()))
      expect(a).toMatchObject({
        map: null,
        complaints: [{ file: 'a.jpg', message: expect.stringContaining('hair') }],
      })
      expect(b?.map).not.toBeNull()
    })
  })
})

test('any other folder is refused, naming it, and left as it was', async () => {
  const folder = await makeFolder()
  const file = join(folder, 'thesis.txt')
  await writeFile(file, 'years')
  for (const path of [folder, file])
    await expect(list(path)).rejects.toMatchObject({
      code: 'dataset/malformed',
      message: expect.stringContaining(`${path} is neither a CelebAMask-HQ dataset`),
    })
  const nowhere = join(folder, 'nowhere')
  await expect(list(nowhere)).rejects.toMatchObject({
    code: 'file/unreadable',
    message: `${nowhere} does not exist; name a dataset's folder.`,
  })
  expect(existsSync(join(folder, '.facet'))).toBe(false)
})
