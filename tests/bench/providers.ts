/**
 * @file Networks on each of this computer's providers: how far their logits are from the processor's, milliseconds to load,
 * of the first image, of one after it, and of a training step (scope full, one picture), and how far the losses of the first
 * steps are from the processor's. `npm run bench -- providers [ARCH …|all] [--side 512] [--runs 9] [--provider webgpu,cpu] [--train]`.
 */
import { parseArgs } from 'node:util'
import { ladder, TRAINING_PROVIDERS } from '../../src/main/runtime/providers'
import { ARCHITECTURES } from '../../src/main/segface/config'
import { maxDifference } from '../helpers/allclose'
import { runInChild } from '../helpers/child'
import type onProvider from './provider_alone'
import type { OnProvider } from './provider_alone'
import { printTable, show } from './report'

const HEAD = [
  'network',
  'provider',
  'difference',
  'of',
  'load ms',
  'first ms',
  'ms',
  'step ms',
  'losses differ',
]

export async function run(): Promise<void> {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: {
      side: { type: 'string', default: '512' },
      runs: { type: 'string', default: '9' },
      provider: { type: 'string', default: ladder().join() },
      train: { type: 'boolean', default: false },
    },
  })
  const wanted = ARCHITECTURES.filter((arch) => positionals.length === 0 ? arch === 'mobilenet' : positionals[0] === 'all' || positionals.includes(arch)) // prettier-ignore
  // The processor is the yardstick, so it comes first.
  const asked = values.provider.split(',')
  const providers = ['cpu' as const, ...ladder().filter((each) => each !== 'cpu' && asked.includes(each))]
  const [side, runs] = [Number(values.side), Number(values.runs)]
  const rows: string[][] = [HEAD]
  for (const arch of wanted) {
    let yardstick: OnProvider | null = null
    for (const provider of providers) {
      const trains = values.train && TRAINING_PROVIDERS.includes(provider)
      try {
        const found = await runInChild<typeof onProvider>('tests/bench/provider_alone.ts', [arch, provider, side, runs, trains]) // prettier-ignore
        if (provider === 'cpu') yardstick = found
        rows.push([arch, provider, ...describe(found, yardstick)])
      } catch (error) {
        // What is no figure of the table is told above it.
        const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
        console.error(`${arch} on ${provider}: ${reason}`)
        continue
      }
      console.error(rows.at(-1)?.join('  '))
    }
  }
  printTable(rows)
}

/** A row of what was found, beside the processor's where that is known. */
function describe(found: OnProvider, yardstick: OnProvider | null): string[] {
  const losses = found.losses.map((loss, n) => Math.abs(loss / (yardstick?.losses[n] ?? NaN) - 1))
  return [
    yardstick ? maxDifference(found.logits, yardstick.logits).toExponential(1) : '',
    show(maxDifference(found.logits, new Float32Array(found.logits.length))),
    show(found.loadMs),
    show(found.firstMs),
    show(found.ms),
    found.stepMs === null ? '' : show(found.stepMs),
    losses.length === 0 ? '' : Math.max(...losses).toExponential(1),
  ]
}
