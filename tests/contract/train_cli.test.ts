/** @file `facet train` on the command line: its flags, its answer, Ctrl+C, resuming, SegFace's own files; a stand-in trains. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readCelebAMask, readItemMasks } from '../../src/main/dataset/celebamask/importer'
import { openRuns } from '../../src/main/store/runs/open'
import { openStore } from '../../src/main/store/open'
import { readPlan } from '../../src/main/training/plan'
import type { TrainingRun, TrainingSummary } from '../../src/shared/training'
import { suiteFolder } from '../helpers/app'
import { makeCelebAMask } from '../helpers/celebamask'
import { interrupted, runNode, type Ended, type RunOptions } from '../helpers/cli'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { standInPackage } from '../helpers/stand_in_package'

const SHIPPED = 'segface-mobilenet-by-facet'
const SIDE = 64
const IDS = [0, 1, 2, 3, 4, 5, 6]
const PARTITION = '00000 0\n00001 0\n00002 0\n00003 1\n00004 0\n00005 2\n00006 0\n'

let folder: Awaited<ReturnType<typeof suiteFolder>>
let cli: string
let maps: Awaited<ReturnType<typeof makeCelebAMask>>
const at = (...parts: string[]): string => join(folder.path, ...parts)

beforeAll(async () => {
  folder = await suiteFolder()
  cli = await standInPackage(at('package'))
  maps = await makeCelebAMask(at('tree'), { ids: IDS, side: SIDE, partition: PARTITION })
})

afterAll(() => folder.remove())

function train(dataset: string, flags: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const common = ['--data-dir', at('data'), '--json', 'train', dataset]
  // A bundle computes nothing here.
  if (!flags.includes('--bundle')) common.push('--provider', 'cpu')
  return runNode(cli, [...common, '--input_resolution', String(SIDE), ...flags], options)
}

async function summary(ended: Promise<Ended>): Promise<TrainingSummary> {
  const { code, stdout, stderr } = await ended
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as TrainingSummary
}

/** The newest run of a folder of runs. */
function newest(runs: string): { run: TrainingRun; folder: string } {
  const store = openRuns(runs)
  try {
    const [run] = store.list()
    return { run: run ?? expect.fail('no run'), folder: store.folderOf(run?.id ?? 0) }
  } finally {
    store.close()
  }
}

/** Sends Ctrl+C when the first line comes that fits. */
function interruptAt(line: RegExp, times = 1): NonNullable<RunOptions['onStderr']> {
  let isDone = false
  return (child: ChildProcess, text: string) => {
    if (isDone || !line.test(text)) return
    isDone = true
    for (let i = 0; i < times; i++) setTimeout(() => child.kill('SIGINT'), i * 700)
  }
}

/** A tree with a mask and a picture that are damaged, and a list of splits that cannot be used. */
async function damagedTree(root: string): Promise<void> {
  if (existsSync(root)) return
  await makeCelebAMask(root, { ids: IDS, side: SIDE, partition: '202599.jpg 2\n000001.jpg 0\n' })
  await writeFile(join(root, 'CelebAMask-HQ-mask-anno', '0', '00001_skin.png'), 'no png')
  // Of the side that a bundle has, which takes such a file as it is.
  const picture = join(root, 'CelebA-HQ-img', '2.jpg')
  await writeJpeg(picture, await drawPortrait(512, 512))
  await writeFile(picture, (await readFile(picture)).subarray(0, 5000))
}

describe('facet train', () => {
  test('trains a tree by its partition, with the flags of SegFace, and answers the curves', async () => {
    const flags = [
      ...['--model', SHIPPED, '--name', 'By flags', '--scope', 'decoder', '--epochs', '3', '--lr', '2e-4'],
      ...['--lr_schedule', '1,2', '--lr_schedule_gamma', '0.5', '--weight_decay', '0', '--train_bs', '2'],
      ...[
        '--time_limit',
        '600',
        '--no-flip',
        '--rotation',
        '0',
        '--scale',
        '0',
        '--colour',
        '0',
        '--ema',
        '0',
      ],
      ...['--early_stopping', '2', '--no-dice_present', '--no-repeat_rare', '--preserve', 'none'],
      ...['--adapt_norms', '0.5'],
    ]
    const { code, stdout, stderr } = await train(at('tree'), flags)
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      model: 'by-flags',
      epochs: 3,
      steps: 9,
      loss: [1 / 2, 1 / 3, 1 / 4],
      val_mean_f1: [0.51, 0.52, 0.53],
      best_epoch: 3,
    })
    // A note may come in between.
    expect(stderr).toMatch(/^before, val mean F1 0.5000$/m)
    expect(stderr).toMatch(/^epoch 1, loss 0.5000, val mean F1 0.5100 \(best\)$/m)
    const { run, folder: home } = newest(at('data', 'runs'))
    expect(run.settings).toEqual({
      ...{
        scope: 'decoder',
        epochs: 3,
        lr: 2e-4,
        lr_schedule: [1, 2],
        lr_schedule_gamma: 0.5,
        weight_decay: 0,
      },
      ...{ train_bs: 2, input_resolution: SIDE, seed: 0, flip: false, rotation: 0, scale: 0, colour: 0 },
      ...{
        early_stopping: 2,
        ema: 0,
        dice_present: false,
        repeat_rare: false,
        preserve: 'none',
        adapt_norms: 0.5,
        time_limit: 600,
      },
    })
    const { samples } = await readPlan(home)
    expect(samples.map(({ name, use }) => `${name} ${use}`)).toEqual([
      ...[0, 1, 2, 4, 6].map((id) => `CelebA-HQ-img/${id}.jpg train`),
      'CelebA-HQ-img/3.jpg val',
    ])
    // Nothing was written into somebody's dataset.
    expect((await readdir(at('tree'))).sort()).toEqual([
      ...['CelebA-HQ-img', 'CelebAMask-HQ-mask-anno', 'list_eval_partition.txt'],
    ])
  })

  test('takes the first so many faces, a checkpoint file, or an architecture', async () => {
    await summary(train(at('tree'), ['--model', SHIPPED, '--name', 'few', '--limit', '2', '--epochs', '1']))
    expect(newest(at('data', 'runs')).run.images).toEqual({ train: 2, val: 1 })

    const file = at('outside_64.pt')
    await runNode(cli, [
      '--data-dir',
      at('data'),
      'model',
      'export',
      SHIPPED,
      '--format',
      'pt',
      '--out',
      file,
    ])
    const answer = await summary(train(at('tree'), ['--model', file, '--name', 'from file', '--epochs', '1']))
    const { run } = newest(at('data', 'runs'))
    expect([answer.model, run.base]).toEqual(['from-file', 'outside_64'])
    expect(run.notes[0]).toContain(`${file} is now the model outside_64`)

    // A fresh network is stored whole, which the stand-in's one tensor is not.
    const { code, stderr } = await train(at('tree'), [
      '--model',
      'convnext_tiny',
      '--name',
      'fresh',
      '--epochs',
      '1',
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('is not a SegFace checkpoint')
    const fresh = newest(at('data', 'runs'))
    expect(fresh.run).toMatchObject({ base: 'convnext_small', settings: { lr: 1e-4, preserve: 'none' } })
    expect(await readPlan(fresh.folder)).toMatchObject({ arch: 'convnext_small', weights: [] })
  })

  test('begins with a fresh network by the name of an architecture, also where an earlier model has that id', async () => {
    const models = at('data', 'models')
    await cp(join(models, 'outside_64'), join(models, 'mobilenet'), { recursive: true })
    const manifest = join(models, 'mobilenet', 'model.json')
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replace('"id": "outside_64"', '"id": "mobilenet"'))
    const forget = (id: string) => () => rm(join(models, id), { recursive: true })
    onTestFinished(forget('mobilenet'))
    const flags = ['--epochs', '1', '--preserve', 'none', '--name', 'named', '--model']
    const { stderr } = await train(at('tree'), [...flags, 'mobilenet'])
    expect(stderr).toContain(`name it ${join(models, 'mobilenet')}.`)
    // Stored whole, and not as what differs from that model.
    expect(stderr).toContain('is not a SegFace checkpoint')
    const { model } = await summary(train(at('tree'), [...flags, join(models, 'mobilenet')]))
    onTestFinished(forget(model))
    const kept = JSON.parse(await readFile(join(models, model, 'model.json'), 'utf8')) as { parent: string }
    expect(kept.parent).toBe('mobilenet')
  })

  test('keeps the best when Ctrl+C is pressed, and says so', async () => {
    const flags = ['--model', SHIPPED, '--name', 'Stopped', '--epochs', '4', '--seed', '1']
    const ended = await train(at('tree'), flags, { onStderr: interruptAt(/epoch 2/) })
    expect(ended.stderr).toContain(
      'Stopping; the best so far is kept, if there is any yet, and the training is over. Only one that is ended at once can be gone on with by --resume. Ctrl+C again ends at once.',
    )
    expect(await summary(Promise.resolve(ended))).toMatchObject({
      model: 'stopped',
      epochs: 2,
      best_epoch: 2,
    })
    expect(newest(at('data', 'runs')).run).toMatchObject({ state: 'cancelled' })
  })

  test('ends at once when it is pressed again, and goes on with --resume', async () => {
    const flags = ['--model', SHIPPED, '--name', 'Twice', '--epochs', '4', '--seed', '2']
    const ended = await train(at('tree'), flags, { onStderr: interruptAt(/epoch 2/, 2) })
    expect([ended.code, ended.stdout]).toEqual([130, ''])
    expect(await summary(train(at('tree'), [...flags, '--resume']))).toMatchObject({
      ...{ model: 'twice', epochs: 4, best_epoch: 4 },
    })
    const other = ['--epochs', '3', '--seed', '2', '--lr', '0.5', '--limit', '2', '--resume']
    await train(at('tree'), ['--model', SHIPPED, '--name', 'Differs', '--epochs', '4', '--seed', '7'])
    const refused = await train(at('tree'), ['--model', SHIPPED, '--name', 'Differs', ...other])
    expect([refused.code, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain(
      'leave out --epochs (there 4, not 3), --seed (there 7, not 2), --lr (there 0.001, not 0.5), --limit,',
    )
    const again = await train(at('tree'), [...flags, '--resume'])
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining("no unfinished training named 'Twice'"),
    ])
  })

  test("writes SegFace's checkpoint also where that was asked for only when it began", async () => {
    const flags = ['--model', SHIPPED, '--name', 'Promised', '--epochs', '4', '--preserve', 'none']
    /** By the seed, 7 fails, and 2 waits, to be ended by force. */
    const begin = async (seed: '2' | '7', expt: string): Promise<string[]> => {
      const same = [...flags, '--seed', seed]
      const stop = seed === '2' ? { onStderr: interruptAt(/epoch 2/, 2) } : {}
      const env = { LOG_PATH: at('first logs') }
      await train(at('tree'), [...same, '--expt_name', expt], { ...stop, env })
      return [...same, '--resume']
    }
    await summary(train(at('tree'), await begin('2', 'forced')))
    const kept = at('first logs', 'ckpts', 'forced')
    expect(await readdir(kept)).toEqual(['model_3.pt'])
    // What is said anew goes before.
    const again = await begin('7', 'failed')
    const moved = ['--ckpt_path', 'other', '--expt_name', 'moved']
    await summary(train(at('tree'), [...again, ...moved], { env: { LOG_PATH: at('later logs') } }))
    expect(await readdir(at('later logs', 'other', 'moved'))).toEqual(['model_3.pt'])
    expect(await readdir(at('first logs', 'ckpts', 'failed'))).toEqual([])
  })

  test('goes on with --resume in a workspace that was moved, and says where it is in work', async () => {
    const [first, second] = [at('first place'), at('second place')]
    await runNode(cli, ['--data-dir', at('data'), 'dataset', 'import', at('tree'), '--into', first])
    const flags = ['--model', SHIPPED, '--name', 'Moved', '--epochs', '4', '--preserve', 'none']
    const failing = [...flags, '--seed', '7']
    expect((await train(first, failing)).code).toBe(1)
    await rename(first, second)
    expect(await summary(train(second, [...failing, '--resume']))).toMatchObject({
      model: 'moved',
      epochs: 4,
    })
    const { run, folder: home } = newest(join(second, '.facet', 'runs'))
    expect(run).toMatchObject({ state: 'done', dataset: second })
    for (const { picture } of (await readPlan(home)).samples) expect(existsSync(picture)).toBe(true)

    let other: Promise<Ended> | undefined
    const waiting = [...flags, '--seed', '1']
    const stopped = await train(second, waiting, {
      onStderr(child, text) {
        if (!/epoch 2/.test(text)) return
        other ??= train(second, [...waiting, '--resume']).finally(() => child.kill('SIGINT'))
      },
    })
    expect(stopped.code, stopped.stderr).toBe(0)
    const refused = (await other) ?? expect.fail('no epoch')
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("The training of 'Moved' is in work already"),
    ])
  })

  test('goes on with --resume after it failed, and says so', async () => {
    const flags = ['--model', SHIPPED, '--name', 'Missing', '--epochs', '4', '--seed', '7']
    const failed = await train(at('tree'), flags)
    expect([failed.code, failed.stdout]).toEqual([1, ''])
    expect(failed.stderr).toMatch(/put right, --resume goes on\.\nfacet: A photo is missing\./)
    expect(await summary(train(at('tree'), [...flags, '--resume']))).toMatchObject({
      ...{ model: 'missing', epochs: 4, best_epoch: 4 },
    })
  })

  test("writes SegFace's checkpoint where SegFace would", async () => {
    const flags = ['--model', SHIPPED, '--name', 'Saved', '--epochs', '2', '--preserve', 'none']
    await writeFile(at('.env'), 'LOG_PATH=logs\n')
    await summary(train(at('tree'), [...flags, '--expt_name', 'night'], { cwd: folder.path }))
    const file = at('logs', 'ckpts', 'night', 'model_1.pt')
    const { stdout } = await runNode(cli, ['--json', 'inspect', file])
    expect(JSON.parse(stdout)).toMatchObject({
      network: { arch: 'mobilenet' },
      metadata: { epoch: 1, iteration: 4 },
    })
    const over = await train(at('tree'), [...flags, '--expt_name', 'night'], { cwd: folder.path })
    expect([over.code, over.stderr]).toEqual([
      1,
      expect.stringContaining('model_1.pt is there from an earlier training; choose another --expt_name'),
    ])
    const imported = await runNode(cli, [
      ...['--data-dir', at('data'), '--json', 'model', 'import', file, '--name', 'Back'],
    ])
    expect(JSON.parse(imported.stdout)).toMatchObject({ id: 'back', parent: null })
  })

  test("never writes over another training's checkpoint that came meanwhile, and says where the model is", async () => {
    const flags = ['--model', SHIPPED, '--name', 'Late', '--epochs', '2', '--preserve', 'none']
    const file = at('late logs', 'ckpts', 'shared', 'model_1.pt')
    const { code, stderr } = await train(at('tree'), [...flags, '--expt_name', 'shared'], {
      env: { LOG_PATH: at('late logs') },
      onStderr: () => writeFileSync(file, "another training's"),
    })
    expect([code, readFileSync(file, 'utf8')]).toEqual([1, "another training's"])
    expect(stderr).toContain(
      `${file} is there already, of another training that ended meanwhile, and stays as it is. The model is kept as late: facet model export late --format pt --out FILE writes it elsewhere.`,
    )
    const to = at('late.pt')
    const exported = await runNode(cli, [
      ...['--data-dir', at('data'), 'model', 'export', 'late', '--format', 'pt', '--out', to],
    ])
    expect([exported.code, existsSync(to)]).toEqual([0, true])
  })

  test('leaves out faces that are damaged, and says which and what else is wrong', async () => {
    await damagedTree(at('damaged'))
    const flags = ['--model', SHIPPED, '--name', 'Damaged', '--epochs', '1', '--preserve', 'none']
    const { code, stderr } = await train(at('damaged'), flags)
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/In the dataset, list_eval_partition\.txt: It is CelebA's own list/)
    expect(stderr).toMatch(/1\.jpg was left out: .*00001_skin\.png/)
    expect(stderr).toMatch(/2\.jpg was left out: .*cut short/)
    const { run, folder: home } = newest(at('data', 'runs'))
    expect(run.images).toEqual({ train: 4, val: 1 })
    expect((await readPlan(home)).samples).toHaveLength(5)
  })

  test('learns from all masks of a tree whatever is asked for, and says where there are none to learn from', async () => {
    const flags = ['--model', SHIPPED, '--epochs', '1', '--preserve', 'none', '--only', 'accepted', '--name']
    await summary(train(at('tree'), [...flags, 'Accepted']))
    expect(newest(at('data', 'runs')).run.images).toEqual({ train: 5, val: 1 })
    await makeCelebAMask(at('set aside'), { ids: [0, 1, 2], side: SIDE, partition: '0 1\n1 1\n2 2\n' })
    const { code, stderr } = await train(at('set aside'), [...flags, 'None'])
    expect(code).toBe(1)
    expect(stderr).toContain('2 faces are for validation, 1 for test, and none is left for training')
  })

  test('says where it is the choice, or the pictures, that leave nothing to learn from', async () => {
    const workspace = at('only corrected')
    await runNode(cli, ['--data-dir', at('data'), 'dataset', 'import', at('tree'), '--into', workspace])
    const flags = ['--model', SHIPPED, '--epochs', '1', '--preserve', 'none', '--name', 'None']
    const none = await train(workspace, [...flags, '--only', 'accepted'])
    expect(none.code).toBe(1)
    expect(none.stderr).toContain(
      'of the 5 faces that could be learned from, none is of the kind that was asked for',
    )
    await makeCelebAMask(at('cut'), { ids: [0, 1, 2, 3, 4], side: SIDE })
    for (const id of [0, 1, 2, 3, 4]) await truncate(at('cut', 'CelebA-HQ-img', `${id}.jpg`), 500)
    const cut = await train(at('cut'), flags)
    expect(cut.code).toBe(1)
    expect(cut.stderr).toMatch(
      /facet: None of the 4 faces to learn from can be read\. The first, CelebA-HQ-img\/0\.jpg: .*cut short/,
    )
  })

  test('keeps the splits of a tree when it grows', async () => {
    const flags = ['--model', SHIPPED, '--epochs', '1', '--preserve', 'none', '--name']
    const usesOf = async (ids: readonly number[]): Promise<string[]> => {
      await makeCelebAMask(at('growing'), { ids, side: SIDE })
      await summary(train(at('growing'), [...flags, `${ids.length} faces`]))
      const { samples } = await readPlan(newest(at('data', 'runs')).folder)
      return samples.map(({ name, use }) => `${name} ${use}`)
    }
    const few = await usesOf(IDS.slice(0, 6))
    expect(few).toContain('CelebA-HQ-img/3.jpg val')
    expect(await usesOf(Array.from({ length: 24 }, (_, i) => i))).toEqual(expect.arrayContaining(few))
  })

  test('remembers the splits of a workspace, and trains there while it is open', async () => {
    const workspace = at('workspace')
    await runNode(cli, ['--data-dir', at('data'), 'dataset', 'import', at('tree'), '--into', workspace])
    const database = join(workspace, '.facet', 'workspace.db')
    const first = openStore(database)
    first.setSplit(
      first.listRows().map(({ id }) => id),
      null,
    )
    first.close()
    const flags = ['--model', SHIPPED, '--epochs', '1', '--preserve', 'none']
    await summary(train(workspace, [...flags, '--name', 'One']))
    const one = newest(join(workspace, '.facet', 'runs'))
    const uses = (await readPlan(one.folder)).samples.map(({ name, use }) => `${name} ${use}`).sort()
    const store = openStore(database)
    try {
      const remembered = store.listRows().map(({ name, split }) => `${name} ${split ?? 'none'}`)
      expect(remembered.sort()).toEqual(uses)
      // Open here, so that the command can only read.
      await summary(train(workspace, [...flags, '--name', 'Two']))
      const two = newest(join(workspace, '.facet', 'runs'))
      expect(two.run.name).toBe('Two')
      expect((await readPlan(two.folder)).samples.map(({ name, use }) => `${name} ${use}`).sort()).toEqual(
        uses,
      )
    } finally {
      store.close()
    }
  })

  test('says what is wrong with which flag, dataset or model', async () => {
    const failure = async (code: 1 | 2, dataset: string, ...flags: string[]): Promise<string> => {
      const ended = await train(dataset, ['--name', 'x', ...flags])
      expect([ended.code, ended.stdout], ended.stderr).toEqual([code, ''])
      return ended.stderr
    }
    expect(await failure(2, at('tree'), '--model', SHIPPED, '--scope', 'some')).toContain('some')
    expect(await failure(2, at('tree'), '--model', SHIPPED, '--lr', '-1')).toContain('--lr <rate>')
    expect(await failure(2, at('tree'), '--model', SHIPPED, '--lr_schedule', 'soon')).toContain('lr_schedule')
    expect(await failure(1, at('tree'), '--model', 'nothing')).toContain('or an architecture: swin_base')
    expect(await failure(1, at('nowhere'), '--model', SHIPPED)).toContain('does not exist')
    await mkdir(at('bare'), { recursive: true })
    expect(await failure(1, at('bare'), '--model', SHIPPED)).toContain('neither a CelebAMask-HQ dataset')
    expect(await failure(1, at('tree'), '--model', SHIPPED, '--seed', '5')).toContain(
      'The loss is not a number.',
    )
    const { stderr } = await train(at('tree'), ['--model', SHIPPED, '--name', 'x', '--expt_name', 'y'], {
      ...{ cwd: at('bare'), env: {} },
    })
    if (process.env.LOG_PATH === undefined) expect(stderr).toContain('Set LOG_PATH')
    await writeFile(at('no folder'), '')
    const homeless = [
      '--data-dir',
      at('no folder', 'data'),
      'train',
      at('tree'),
      '--model',
      SHIPPED,
      '--name',
      'x',
    ]
    expect((await runNode(cli, homeless)).stderr).toBe(
      `facet: Cannot write ${at('no folder', 'data', 'runs')}: a part of its path is a file, not a folder. It is in Facet's data folder: make that one that you may write to, or name another with --data-dir.\n`,
    )
    // Said before a run is made.
    await writeFile(at('a file'), '')
    const known = newest(at('data', 'runs')).run.id
    const flags = ['--model', SHIPPED, '--name', 'x', '--expt_name', 'y']
    const bad = await train(at('tree'), flags, { env: { LOG_PATH: at('a file') } })
    expect([bad.code, bad.stdout]).toEqual([1, ''])
    expect(bad.stderr).toMatch(/a part of its path is a file, not a folder\. It is made of LOG_PATH/)
    expect(newest(at('data', 'runs')).run.id).toBe(known)
  })
})

describe('facet train --bundle', () => {
  test("writes the dataset, the checkpoint and the command line for SegFace's own train.py", async () => {
    const out = at('my bundle')
    const flags = ['--model', SHIPPED, '--name', 'Night faces', '--epochs', '30', '--bundle', out]
    const { code, stdout, stderr } = await train(at('tree'), flags)
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      ...{ out, images: { train: 5, val: 1, test: 1 } },
      command: `sh '${join(out, 'train.sh')}' PATH_TO_SEGFACE`,
      notes: [],
    })
    expect((await readdir(out)).sort()).toEqual(
      ['.env', 'README.md', 'data', 'logs', 'start.pt', 'start.py', 'train.sh'].sort(),
    )
    const script = await readFile(join(out, 'train.sh'), 'utf8')
    expect(script).toContain('torchrun --nproc_per_node="$gpus" --master_port=29440 train.py')
    for (const flag of [
      ...[
        '--ckpt_path ckpts',
        '--expt_name Night_faces_celeba_64',
        '--dataset celebamask_hq',
        '--backbone segface_celeb',
      ],
      ...['--model mobilenet', '--lr 0.001', '--lr_schedule 8,20', '--input_resolution 64', '--epochs 30'],
    ])
      expect(script).toContain(flag)
    expect(await readFile(join(out, 'README.md'), 'utf8')).toContain(
      'facet model import logs/ckpts/Night_faces_celeba_64/model_29.pt --resolution 64 ',
    )
    const { stdout: inspected } = await runNode(cli, ['--json', 'inspect', join(out, 'start.pt')])
    expect(JSON.parse(inspected)).toMatchObject({ network: { arch: 'mobilenet' } })

    const data = join(out, 'data', 'SegFace', 'CelebAMask-HQ')
    const partition = await readFile(join(data, 'list_eval_partition.txt'), 'utf8')
    expect(partition).toMatch(/^100001\.jpg 0\n/)
    // CelebA's own form leads to the same splits through the mapping.
    const { items, complaints } = await readCelebAMask(data)
    expect(complaints).toEqual([])
    expect(items.map(({ id, split }) => [id, split])).toEqual(
      IDS.map((id) => [id, id === 3 ? 'val' : id === 5 ? 'test' : 'train']),
    )
    const [first] = items
    const { map } = await readItemMasks(first ?? expect.fail('no item'))
    expect([map?.width, map?.height]).toEqual([512, 512])
    expect(await readFile(join(data, 'list_by_id.txt'), 'utf8')).toBe(PARTITION)
    expect(maps.size).toBe(IDS.length)
    expect(existsSync(at('data', 'models', 'night-faces'))).toBe(false)
    const again = await train(at('tree'), flags)
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`${out} is not empty`)])
  })

  test('leaves out faces that are damaged, and says which and what else is wrong', async () => {
    await damagedTree(at('damaged'))
    const out = at('damaged bundle')
    const flags = ['--model', 'mobilenet', '--name', 'x', '--bundle', out]
    const { code, stdout, stderr } = await train(at('damaged'), flags)
    expect(code, stderr).toBe(0)
    const { images, notes } = JSON.parse(stdout) as { images: object; notes: string[] }
    expect(images).toEqual({ train: 4, val: 1, test: 0 })
    expect(notes).toEqual([
      expect.stringContaining("list_eval_partition.txt: It is CelebA's own list"),
      expect.stringContaining('list_eval_partition.txt: 7 of 7 pictures have no line'),
      expect.stringMatching(/1\.jpg was left out: .*00001_skin\.png/),
      expect.stringMatching(/2\.jpg was left out: .*cut short/),
    ])
    const readme = await readFile(join(out, 'README.md'), 'utf8')
    for (const note of notes) expect(readme).toContain(`\n- ${note}\n`)
    const data = join(out, 'data', 'SegFace', 'CelebAMask-HQ')
    const { items, complaints } = await readCelebAMask(data)
    expect([items.map(({ id }) => id), complaints]).toEqual([[0, 3, 4, 5, 6], []])
  })

  test('leaves out faces that are checked in part only, and says which', async () => {
    const workspace = at('in part')
    await runNode(cli, ['--data-dir', at('data'), 'dataset', 'import', at('tree'), '--into', workspace])
    const store = openStore(join(workspace, '.facet', 'workspace.db'))
    const [first, , , , , sixth] = store.listRows()
    store.check(first?.id ?? expect.fail('no image'), ['hair', 'skin'])
    store.check(sixth?.id ?? expect.fail('no image'), [])
    store.close()
    const { code, stdout, stderr } = await train(workspace, [
      ...['--model', 'mobilenet', '--name', 'x', '--bundle', at('bundle in part')],
    ])
    expect(code, stderr).toBe(0)
    const { images, notes } = JSON.parse(stdout) as { images: object; notes: string[] }
    expect([images, first?.split, sixth?.split]).toEqual([{ train: 4, val: 1, test: 0 }, 'train', 'test'])
    expect(notes).toEqual([
      `${first?.name} was left out: Only skin, hair of it was checked, which SegFace's own dataset cannot say: check the rest.`,
      `${sixth?.name} was left out: No part of it is checked: check it.`,
    ])
  })

  test('that fails or is stopped leaves what was there before', async () => {
    const parent = at('stopped')
    await mkdir(parent)
    const flags = ['--model', SHIPPED, '--name', 'x', '--bundle']
    const unknown = await train(at('tree'), [
      '--model',
      'nothing',
      '--name',
      'x',
      '--bundle',
      join(parent, 'a'),
    ])
    expect([unknown.code, await readdir(parent)]).toEqual([1, []])
    const args = ['--data-dir', at('data'), 'train', at('tree'), ...flags]
    expect(await interrupted(parent, [...args, join(parent, 'deep', 'a')])).toMatchObject({
      ...{ code: 1, stdout: '', left: [] },
      stderr: expect.stringContaining('The job was cancelled') as string,
    })
    const again = await train(at('tree'), [...flags, join(parent, 'deep', 'a')])
    expect(again.code, again.stderr).toBe(0)
  })

  test('takes no flags that have no place in it', async () => {
    const out = at('no bundle')
    const flags = ['--model', 'mobilenet', '--name', 'x', '--bundle', out, '--scope', 'decoder', '--no-flip']
    const ignored = ['--time_limit', '5', '--resume', '--preserve', 'none', '--provider', 'cpu']
    const { code, stderr } = await train(at('tree'), [...flags, ...ignored])
    expect([code, existsSync(out)]).toEqual([2, false])
    expect(stderr).toContain(
      'takes no --provider, --no-flip, --time_limit, --resume, --preserve, --scope decoder: leave out',
    )
  })

  test('of a fresh network has no checkpoint to start from', async () => {
    const out = at('fresh bundle')
    const { code, stderr } = await train(at('tree'), [
      '--model',
      'mobilenet',
      '--name',
      '-fresh',
      '--bundle',
      out,
      '--epochs',
      '2',
    ])
    expect(code, stderr).toBe(0)
    expect(existsSync(join(out, 'start.pt'))).toBe(false)
    const script = await readFile(join(out, 'train.sh'), 'utf8')
    expect(script).not.toContain('--resume')
    // A milestone that stands twice counts twice.
    expect(script).toContain('--lr_schedule 1 ')
    // Python's argparse takes a word that begins with a dash for a flag.
    expect(script).toContain('--expt_name _fresh_celeba_64 ')
  })
})
