/** @file The folder of a run: what is damaged is left out and told, an empty mask is none, and a tree's splits last. */
import { copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { earlierSplits, treeRunsFolder } from '../../../src/main/app/training/earlier'
import { chooseFaces } from '../../../src/main/app/training/faces'
import { findOthers, type OtherFace } from '../../../src/main/app/training/others'
import { prepareRun, type Prepared } from '../../../src/main/app/training/prepare'
import { treeSamples, type Sample } from '../../../src/main/dataset/samples'
import { encodeMaskPng } from '../../../src/main/imaging/mask'
import { openRuns } from '../../../src/main/store/runs/open'
import type { RunStore } from '../../../src/main/store/runs/runs'
import { readPlan } from '../../../src/main/training/plan'
import { noteIn } from '../../../src/shared/notes'
import { makeCelebAMask } from '../../helpers/celebamask'
import { makeFolder } from '../../helpers/folder'
import { drawPortrait, writeJpeg } from '../../helpers/pictures'
import { DEFAULT_TRAIN_SETTINGS, newRun } from '../../helpers/training'

const IDS = [0, 1, 2, 3, 4, 5]
const SIDE = 48
const MASK = 'skin'

interface Wanted {
  readonly tree: string
  readonly runs: RunStore
  readonly dataDir: string
  readonly others?: readonly OtherFace[]
  readonly change?: (sample: Sample, index: number) => Sample
}

/** As `begin` does it: a run is made, and its folder prepared. */
async function prepare({
  tree,
  runs,
  dataDir,
  others = [],
  change = (sample) => sample,
}: Wanted): Promise<Prepared & { uses: string[] }> {
  const { samples } = await treeSamples(tree)
  const faces = chooseFaces(
    samples.map(change),
    'corrected',
    Infinity,
    await earlierSplits(runs, tree, dataDir),
  )
  const { id } = runs.create({ ...newRun('a run'), dataset: tree })
  const folder = runs.folderOf(id)
  const base = { id: 'mobilenet', arch: 'mobilenet', model: null, notes: [] } as const
  const settings = { ...DEFAULT_TRAIN_SETTINGS, preserve: 'replay' } as const
  const prepared = await prepareRun(
    { folder, base, provider: 'cpu', settings, faces, others },
    { signal: new AbortController().signal, progress: () => undefined },
  )
  const plan = await readPlan(folder)
  return { ...prepared, uses: plan.samples.map(({ name, use }) => `${name.split('/').at(-1)} ${use}`) }
}

async function setUp(ids: readonly number[] = IDS): Promise<Wanted> {
  const folder = await makeFolder()
  const dataDir = join(folder, 'data')
  const tree = join(folder, 'tree')
  await makeCelebAMask(tree, { ids, side: SIDE })
  const runs = openRuns(treeRunsFolder(dataDir))
  onTestFinished(() => runs.close())
  return { tree, runs, dataDir }
}

const picture = (tree: string, id: number): string => join(tree, 'CelebA-HQ-img', `${id}.jpg`)
const mask = (tree: string, id: number, part: string): string =>
  join(tree, 'CelebAMask-HQ-mask-anno', '0', `${String(id).padStart(5, '0')}_${part}.png`)

async function cutShort(file: string): Promise<void> {
  await truncate(file, Math.floor((await stat(file)).size * 0.6))
}

async function writeMask(file: string, side: number, value: 0 | 1): Promise<void> {
  const pixels = new Uint8Array(side * side).fill(value)
  await writeFile(file, await encodeMaskPng({ width: side, height: side, mask: pixels }))
}

const withoutFace = (uses: readonly string[], id: number): boolean =>
  uses.length === IDS.length - 1 && !uses.some((use) => use.startsWith(`${id}.jpg`))

describe('a face is left out and told', () => {
  test('when one of its masks is cut short, since that part would be learned as background', async () => {
    const wanted = await setUp()
    const file = mask(wanted.tree, 1, MASK)
    await writeMask(file, SIDE, 1)
    await cutShort(file)
    const { uses, notes, images } = await prepare(wanted)
    expect(withoutFace(uses, 1), uses.join()).toBe(true)
    expect(images.train + images.val).toBe(IDS.length - 1)
    expect(notes).toEqual([
      expect.stringMatching(
        /^CelebA-HQ-img\/1\.jpg was left out: The picture .*00001_skin\.png cannot be read/,
      ),
    ])
  })

  test('when one of its masks is no picture, or does not fit the others', async () => {
    const wanted = await setUp()
    await writeFile(mask(wanted.tree, 1, MASK), 'no png')
    await writeMask(mask(wanted.tree, 2, 'hat'), SIDE * 2, 1)
    const { uses, notes } = await prepare(wanted)
    expect(uses).toHaveLength(IDS.length - 2)
    expect(notes[0]).toContain('00001_skin.png')
    expect(notes[1]).toMatch(/2\.jpg was left out: .*00002_hat\.png: It is 96 x 96 where the other masks/)
  })

  test('when its picture is cut short, which its header does not tell', async () => {
    const wanted = await setUp()
    await cutShort(picture(wanted.tree, 1))
    const { uses, notes } = await prepare(wanted)
    expect(withoutFace(uses, 1), uses.join()).toBe(true)
    expect(notes).toEqual([expect.stringContaining('1.jpg cannot be read: it is damaged or cut short')])
  })

  test('when it would only keep the model from forgetting', async () => {
    const wanted = await setUp()
    const portrait = await drawPortrait(SIDE, SIDE)
    const others = await Promise.all(
      ['a.jpg', 'b.jpg'].map(async (name) => {
        const image = join(wanted.dataDir, name)
        await writeJpeg(image, portrait, 70)
        return { name, image }
      }),
    )
    await cutShort(join(wanted.dataDir, 'b.jpg'))
    const { uses, notes } = await prepare({ ...wanted, others })
    expect(uses.filter((use) => use.endsWith('replay'))).toEqual(['a.jpg replay'])
    expect(notes).toEqual([expect.stringMatching(/^b\.jpg was left out: /)])
  })

  test('and nothing is left to learn from where all are damaged', async () => {
    const wanted = await setUp([0, 1])
    for (const id of [0, 1]) await writeFile(picture(wanted.tree, id), 'no jpg')
    await expect(prepare(wanted)).rejects.toMatchObject({
      code: 'dataset/malformed',
      message: expect.stringMatching(
        /^None of the 2 faces to learn from can be read\. The first, \S+0\.jpg: /,
      ) as string,
    })
    const alone = await setUp([0])
    await writeFile(picture(alone.tree, 0), 'no jpg')
    await expect(prepare(alone)).rejects.toThrow(/^\S+0\.jpg was left out: /)
  })
})

describe('the same picture', () => {
  const twin = (tree: string, from: number, to: number) => copyFile(picture(tree, from), picture(tree, to))

  test('is not judged on where it is learned from, and that is told', async () => {
    const wanted = await setUp()
    // Without a partition face 3 is the one for validation.
    await twin(wanted.tree, 1, 3)
    const { uses, notes, images } = await prepare(wanted)
    expect(withoutFace(uses, 3), uses.join()).toBe(true)
    expect(images).toEqual({ train: 5, val: 0 })
    expect(notes).toEqual([
      'Left out of validation, since the very same pictures are learned from (1): CelebA-HQ-img/3.jpg',
      'There are no validation faces, so the last weights are kept.',
    ])
    for (const note of notes) expect(noteIn('ko', note)).toMatch(/검증/)
  })

  test('is not replayed where it is golden, flagged, or for test or validation', async () => {
    const wanted = await setUp()
    const { samples } = await treeSamples(wanted.tree)
    const others = samples.map(({ name, image }) => ({ name, image }))
    const changes: readonly Partial<Sample>[] = [
      { golden: true },
      { status: 'flagged' },
      { split: 'test' },
      { split: 'val' },
    ]
    const change = (one: Sample, i: number): Sample => ({ ...one, ...changes[i] })
    const { uses, notes } = await prepare({ ...wanted, others, change })
    expect(uses.toSorted()).toEqual(['3.jpg val', '4.jpg train', '5.jpg train'])
    expect(notes.at(-1)).toMatch(/^6 of the 6 other faces are not mixed in \(replay\)/)
  })
})

test('a face stays in where one of its masks is empty, which counts as absent', async () => {
  const wanted = await setUp()
  await writeMask(mask(wanted.tree, 1, 'hat'), SIDE, 0)
  const { uses, notes } = await prepare(wanted)
  expect([uses.length, notes]).toEqual([IDS.length, []])
})

describe('the splits of a tree without a partition', () => {
  const putAside = (uses: readonly string[]): string[] => uses.filter((use) => use.endsWith(' val'))

  test('stay when faces are added: what was validated on is never learned from', async () => {
    const wanted = await setUp()
    const first = await prepare(wanted)
    expect(putAside(first.uses)).toEqual(['3.jpg val'])
    await makeCelebAMask(wanted.tree, { ids: Array.from({ length: 24 }, (_, i) => i), side: SIDE })
    const second = await prepare(wanted)
    expect(second.uses).toEqual(expect.arrayContaining(first.uses))
    expect(putAside(second.uses).length).toBeGreaterThan(1)
    // A tree that is named by the folder around it has the same pictures.
    const third = await prepare({ ...wanted, tree: join(wanted.tree, '..') })
    expect(third.uses.toSorted()).toEqual(second.uses.toSorted())
  })

  test('are known in a workspace that is made of it later', async () => {
    const wanted = await setUp()
    const { uses } = await prepare(wanted)
    const own = openRuns(join(wanted.tree, '.facet', 'runs'))
    onTestFinished(() => own.close())
    const known = await earlierSplits(own, wanted.tree, wanted.dataDir)
    expect([...known].map(([image, split]) => `${image.split('/').at(-1)} ${split}`).sort()).toEqual(
      uses.sort(),
    )
  })

  test('are forgotten with the plan of a run, or are those of another tree', async () => {
    const wanted = await setUp()
    await prepare(wanted)
    const elsewhere = await earlierSplits(wanted.runs, join(wanted.dataDir, 'tree'), wanted.dataDir)
    expect(elsewhere.size).toBe(0)
    const plan = join(wanted.runs.folderOf(1), 'plan.json')
    await writeFile(plan, (await readFile(plan, 'utf8')).slice(1))
    expect((await earlierSplits(wanted.runs, wanted.tree, wanted.dataDir)).size).toBe(0)
  })
})

test('a folder that was named for replays and holds no picture is refused', async () => {
  const folder = await makeFolder()
  await expect(findOthers(folder, 'resources')).rejects.toMatchObject({
    code: 'dataset/malformed',
    message: expect.stringContaining(`${folder} holds no pictures`),
  })
  expect(await findOthers(null, 'resources')).toHaveLength(2)
})
