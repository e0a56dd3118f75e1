/** @file `facet train`: SegFace's flags to one call, and what a run tells as lines on stderr. */
import { Option, type Command } from 'commander'
import type { Response } from '../../shared/answers'
import { REQUESTS, type Method, type Request } from '../../shared/requests'
import { PROVIDERS, type ProviderChoice } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import {
  PRESERVE,
  SCOPES,
  TRAIN_ON,
  TRAIN_OPTIONS,
  type Scope,
  type TrainOn,
  type TrainOptionsInput,
} from '../../shared/training'
import type { App } from '../app/app'
import { namedDataset } from '../app/samples'
import { checkpointFolder } from '../app/training/log_path'
import { numberOf, numbersOf } from './numbers'

/** Makes one call of the app and prints its answer; `listen` hears its events. */
export type Once = <M extends Method>(
  command: Command,
  method: M,
  request: Request<M>,
  lines: (answer: Response<M>) => readonly string[],
  options?: {
    readonly listen?: (app: App) => void
    readonly stopping?: string
    /** Throws where the answer, which is printed all the same, is no success. */
    readonly verdict?: (answer: Response<M>) => void
  },
) => Promise<void>

interface Flags extends TrainOptionsInput {
  model: string
  name: string
  only: TrainOn
  provider: ProviderChoice
  limit?: number
  resume?: boolean
  replay?: string
  bundle?: string
  ckpt_path?: string
  expt_name?: string
}

export function addTrain(program: Command, once: Once, job: string): void {
  const fields = TRAIN_OPTIONS.shape
  program
    .command('train [dataset]')
    .description(
      'fine-tunes a model on a CelebAMask-HQ folder or a workspace; without a dataset, DATA_PATH of .env. What is left out, Facet chooses',
    )
    .requiredOption(
      '--model <model>',
      'a model of the registry, a checkpoint file, or an architecture such as mobilenet for a fresh network',
    )
    .requiredOption('--name <name>', 'of the new model')
    .addOption(new Option('--scope <scope>', 'decoder: the backbone stays as it is').choices(SCOPES))
    .option('--epochs <n>', 'passes over the training images', numberOf(fields.epochs))
    .option('--lr <rate>', 'peak learning rate', numberOf(fields.lr))
    .option(
      '--lr_schedule <epochs>',
      'lower the rate after these epochs, e.g. 80,200',
      numbersOf(fields.lr_schedule),
    )
    .option('--lr_schedule_gamma <factor>', 'by this factor', numberOf(fields.lr_schedule_gamma))
    .option('--weight_decay <n>', 'of AdamW', numberOf(fields.weight_decay))
    .option('--train_bs <n>', 'images of one step', numberOf(fields.train_bs))
    .option(
      '--input_resolution <pixels>',
      'side that the network learns at',
      numberOf(fields.input_resolution),
    )
    .option('--seed <n>', 'of all that is drawn', numberOf(fields.seed))
    .option('--time_limit <seconds>', 'stop then, keeping the best so far', numberOf(fields.time_limit))
    .option('--no-flip', 'without mirrored faces')
    .option('--rotation <degrees>', 'standard deviation of turns', numberOf(fields.rotation))
    .option('--scale <n>', 'standard deviation of the logarithm of changes of size', numberOf(fields.scale))
    .option('--colour <n>', 'strength of changes of light and colour, 0 to 1', numberOf(fields.colour))
    .option(
      '--early_stopping <epochs>',
      'without a better validation mean F1; 0 for never',
      numberOf(fields.early_stopping),
    )
    .option('--ema <decay>', 'of the averaged weights; 0 for none', numberOf(fields.ema))
    .option(
      '--adapt_norms <share>',
      'of the way of batch norms to the new photos before the first step',
      numberOf(fields.adapt_norms),
    )
    .option('--no-dice_present', 'Dice over all 19 classes, as SegFace has it')
    .option('--no-repeat_rare', 'images with rare parts come up no more often')
    .addOption(new Option('--preserve <how>', 'what keeps the model from forgetting').choices(PRESERVE))
    .option('--replay <folder>', 'faces that keep it from forgetting; else the portraits that come along')
    .addOption(new Option('--only <which>', "of a workspace's images").choices(TRAIN_ON).default('corrected'))
    .option(
      '--limit <n>',
      "the first so many training images in the dataset's order",
      numberOf(REQUESTS['training.run'].shape.limit),
    )
    .option('--resume', 'go on with the newest unfinished training of that name')
    .option('--ckpt_path <folder>', 'also write model_N.pt in LOG_PATH/ckpt_path/expt_name')
    .option('--expt_name <name>', '(LOG_PATH is set in the environment or in .env)')
    .option('--bundle <folder>', "write what SegFace's own train.py needs, instead of training here")
    .addOption(new Option('--provider <name>', 'where to compute').choices(PROVIDERS).default('auto'))
    .action(async (named: string | undefined, flags: Flags, command: Command) => {
      const { model, name, only, limit, provider, resume, replay, bundle, ckpt_path, expt_name, ...options } =
        flags
      const dataset = await namedDataset(named, process.cwd())
      const stated = Object.keys(flags).filter((flag) => command.getOptionValueSource(flag) === 'cli')
      const wish = { dataset, model, name, only, options, job, ...(limit === undefined ? {} : { limit }) }
      if (bundle !== undefined) {
        refuseWithBundle(stated, options.scope ?? 'full')
        return once(command, 'training.bundle', { ...wish, out: bundle }, bundleLines)
      }
      const checkpoints = await checkpointFolder(process.cwd(), name, {
        ...(ckpt_path === undefined ? {} : { ckpt_path }),
        ...(expt_name === undefined ? {} : { expt_name }),
      })
      const request: Request<'training.run'> = {
        ...wish,
        provider,
        resume: resume ?? false,
        stated,
        ...(replay === undefined ? {} : { replay }),
        ...(checkpoints === null ? {} : { checkpoints }),
      }
      const stopping =
        'Stopping; the best so far is kept, if there is any yet, and the training is over. Only one that is ended at once can be gone on with by --resume.'
      return once(command, 'training.run', request, trainLines, { listen: tellRun, stopping })
    })
}

/** A bundle is a new training by SegFace's own train.py, which has none of these. */
const NOT_BUNDLED = [
  ...['resume', 'replay', 'ckpt_path', 'expt_name', 'time_limit', 'early_stopping', 'ema', 'adapt_norms'],
  ...['flip', 'rotation', 'scale', 'colour', 'dice_present', 'repeat_rare', 'preserve'],
  'provider',
]
/** Flags that are only there to switch something off. */
const OFF: readonly string[] = ['flip', 'dice_present', 'repeat_rare']

function refuseWithBundle(stated: readonly string[], scope: Scope): void {
  const refused = stated.filter((flag) => NOT_BUNDLED.includes(flag))
  const flags = refused.map((flag) => (OFF.includes(flag) ? `--no-${flag}` : `--${flag}`))
  if (scope === 'decoder') flags.push('--scope decoder')
  if (flags.length === 0) return
  throw new FacetError(
    'usage',
    `--bundle writes a new training for SegFace's own train.py, which takes no ${flags.join(', ')}: leave out either.`,
  )
}

/** A line for each epoch and for each new note; on a terminal also where it stands, drawn over. */
function tellRun(app: App): void {
  const { stderr } = process
  const clear = stderr.isTTY ? '\r\x1b[K' : ''
  const said = new Set<string>()
  app.on('training.changed', ({ notes, state, model, epochs }) => {
    for (const note of notes) if (!said.has(note)) stderr.write(`${clear}${note}\n`)
    for (const note of notes) said.add(note)
    if (state === 'cancelled' && model === null)
      stderr.write(`${clear}Nothing was learned yet, so there is no model.\n`)
    if (state === 'failed' && epochs.length > 0)
      stderr.write(`${clear}Once what made it fail is put right, --resume goes on.\n`)
  })
  app.on('training.epoch', ({ row: { epoch, loss, val }, isBest }) => {
    const parts = [
      epoch === 0 ? 'before' : `epoch ${epoch}`,
      ...(loss === null ? [] : [`loss ${loss.toFixed(4)}`]),
      ...(val === null ? [] : [`val mean F1 ${val.mean_f1.toFixed(4)}${isBest ? ' (best)' : ''}`]),
    ]
    stderr.write(`${clear}${parts.join(', ')}\n`)
  })
  if (!stderr.isTTY) return
  app.on('training.progress', ({ phase, epoch, epochs, step, steps, loss, secondsLeft }) => {
    const parts = [
      phase === 'training' ? `epoch ${epoch}/${epochs}` : phase,
      ...(steps > 0 ? [`${step}/${steps}`] : []),
      ...(loss === null ? [] : [`loss ${loss.toFixed(4)}`]),
      ...(secondsLeft === null ? [] : [`${Math.ceil(secondsLeft)} s left`]),
    ]
    stderr.write(`${clear}${parts.join(', ')}`)
  })
}

function trainLines(answer: Response<'training.run'>): string[] {
  const { model, epochs, steps, val_mean_f1, best_epoch } = answer
  const best = best_epoch === null || best_epoch === 0 ? undefined : val_mean_f1[best_epoch - 1]
  const score = typeof best === 'number' ? `, validation mean F1 ${(100 * best).toFixed(2)} %` : ''
  return [`${model}: ${epochs} epochs, ${steps} steps, kept epoch ${best_epoch ?? epochs}${score}`]
}

function bundleLines({ out, images, command, notes }: Response<'training.bundle'>): string[] {
  return [
    ...notes.map((note) => `Note: ${note}`),
    `${out}: ${images.train} faces to learn from, ${images.val} for validation, ${images.test} for test`,
    `On the other machine: ${command}`,
  ]
}
