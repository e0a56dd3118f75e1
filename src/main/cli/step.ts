/** @file `facet step`: its flags to one call, and its losses as a table. */
import { Option, type Command } from 'commander'
import type { Response } from '../../shared/answers'
import type { Request } from '../../shared/requests'
import { REQUESTS } from '../../shared/requests'
import { BATCH_NORMS, SCOPES, type StepLossRow } from '../../shared/training'
import { FacetError } from '../../shared/errors'
import { numberOf } from './numbers'
import { table } from './output'
import type { Once } from './train'

export function addStep(program: Command, once: Once, job: string): void {
  const { lr, weightDecay, steps } = REQUESTS['step.run'].shape
  program
    .command('step <checkpoint>')
    .description(
      'plain optimisation steps on one batch (½ cross-entropy + ½ Dice, AdamW), to compare with other frameworks',
    )
    .requiredOption('--images <file>', 'an .npy file: float32 [N, 3, R, R], normalised')
    .requiredOption(
      '--labels <file>',
      'an .npy file: uint8, int32 or int64 [N, R, R]; 255 and what is no class do not count',
    )
    .addOption(
      new Option('--scope <scope>', 'decoder: the backbone stays as it is').choices(SCOPES).default('full'),
    )
    .addOption(
      new Option('--batch-norm <statistics>', 'what batch norms of scope full go by')
        .choices(BATCH_NORMS)
        .default('running'),
    )
    .option('--lr <rate>', 'learning rate', numberOf(lr), 1e-3)
    .option('--weight-decay <n>', 'of AdamW', numberOf(weightDecay), 1e-5)
    .option('--steps <n>', 'how many', numberOf(steps), 3)
    .option('--output <file>', 'a .safetensors file for the state dict after the last step')
    .option('--gradients <file>', 'a .safetensors file for the gradients of the first step')
    .action((checkpoint: string, options: Omit<Request<'step.run'>, 'checkpoint'>, command: Command) =>
      once(command, 'step.run', { ...options, checkpoint, job }, stepLines, {
        verdict: (answer) => requireNumbers(answer, checkpoint, options.images),
      }),
    )
}

/** Throws where a loss is no number, saying from when on and what makes it so. */
function requireNumbers({ steps, after }: Response<'step.run'>, checkpoint: string, images: string): void {
  const taken = [...steps, after].findIndex(({ total }) => total === null)
  if (taken < 0) return
  throw new FacetError(
    'engine/failed',
    taken === 0
      ? `The loss is no number from the start: ${images} or the weights of ${checkpoint} hold NaN or infinity, or numbers so large that the network overflows; look into both.`
      : `The loss is no number after step ${taken}: the steps are too large for these images and weights, or a gradient overflows; take a lower --lr, and look into ${images} and ${checkpoint}.`,
    { checkpoint, images, step: taken },
  )
}

function stepLines({ steps, after }: Response<'step.run'>): string[] {
  const rows = [
    ...steps.map((row, index) => ({ ...row, when: `step ${index + 1}` })),
    { ...after, when: 'after' },
  ]
  return table([
    ['', 'cross-entropy', 'Dice', 'total'],
    ...rows.map(({ when, ...losses }) => [
      when,
      ...[losses.cross_entropy, losses.dice, losses.total].map(lossText),
    ]),
  ])
}

function lossText(loss: StepLossRow['total']): string {
  return loss === null ? 'nan' : loss.toFixed(6)
}
