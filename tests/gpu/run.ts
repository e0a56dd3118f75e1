/** @file A training run on a provider, for a child process: it looks at a face, learns for some steps, and is paused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { encodeLabelPng } from '../../src/main/imaging/mask'
import { PLAN_FILE, type Plan } from '../../src/main/training/plan'
import { train } from '../../src/main/training/run'
import type { TrainEnd, TrainNews } from '../../src/main/training/news'
import { ELSEWHERE } from '../../src/shared/mask'
import type { Provider } from '../../src/shared/terms'
import type { Scope } from '../../src/shared/training'
import { drawPortrait, writeJpeg } from '../helpers/pictures'
import { DEFAULT_TRAIN_SETTINGS } from '../helpers/training'
import { blockLabels } from '../helpers/training_reference'

const SIDE = 32
const WEIGHTS = resolve('resources', 'models', 'segface-mobilenet-by-facet', 'weights.safetensors')

/** How the run ended, the mean loss of its steps, and the labels of the face as the base model sees it. */
export default async function runTraining(
  provider: Provider,
  scope: Scope,
  steps: number,
): Promise<{ end: TrainEnd; loss: number; labels: Uint8Array }> {
  const folder = await mkdtemp(join(tmpdir(), 'facet-run-'))
  try {
    await mkdir(join(folder, 'labels'))
    const samples: Plan['samples'] = []
    for (const [n, use] of (['train', 'train', 'val'] as const).entries()) {
      const [picture, labels] = [join(folder, `${n}.jpg`), join('labels', `${n}.png`)]
      await writeJpeg(picture, await drawPortrait(SIDE + 8 * n, SIDE))
      // One of them is checked in part.
      const checked = n === 1 ? 0b1110 : null
      const isLeftOut = (label: number) => checked !== null && !((checked << 1) & (1 << label))
      const classes = Uint8Array.from(blockLabels(`labels ${n}`, 8, 1, SIDE), (label) =>
        label < 32 && isLeftOut(label) ? ELSEWHERE : label,
      )
      await writeFile(join(folder, labels), await encodeLabelPng(classes, SIDE, SIDE))
      samples.push({ name: `${n}`, id: null, picture, labels, checked, use })
    }
    const settings = {
      ...DEFAULT_TRAIN_SETTINGS,
      ...{ scope, train_bs: 1, input_resolution: SIDE, adapt_norms: 0.75 },
    }
    const plan: Plan = {
      format: 1,
      arch: 'mobilenet',
      weights: [WEIGHTS],
      provider,
      settings,
      samples,
      previews: [2],
    }
    await writeFile(join(folder, PLAN_FILE), JSON.stringify(plan))
    let [labels, loss, asked] = [new Uint8Array(), NaN, 0]
    const tell = (news: TrainNews): void => {
      if (news.kind === 'epoch' && news.previews[0]) labels = Uint8Array.from(news.previews[0].labels)
      if (news.kind === 'progress') loss = news.progress.loss ?? loss
    }
    const end = await train(folder, { tell, asked: () => (asked++ < steps ? null : 'pause') })
    return { end, loss, labels }
  } finally {
    await rm(folder, { recursive: true })
  }
}
