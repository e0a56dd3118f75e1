/**
 * @file Which provider runs a model: each rung of the ladder is tried in a process of its own, checked against the
 * processor and timed; the fastest that computes the right thing is used, and the verdict is remembered.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PROVIDERS, type Provider, type ProviderChoice, type ProviderTrial } from '../../shared/api'
import { FacetError, toWire } from '../../shared/errors'
import { writeFileAtomic } from '../base/fs'
import { runAlone } from '../engine/client'
import type { NetworkRef } from '../engine/protocol'
import { ladder } from '../runtime/providers'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import type { Deps } from './deps'
import { engineOptions } from './engine'

export interface Verdict {
  readonly chosen: Provider
  readonly why: string
  readonly trials: readonly ProviderTrial[]
}

interface JudgeOptions {
  readonly signal?: AbortSignal
  readonly onTrial?: (trial: ProviderTrial) => void
  readonly timeAll?: boolean
}

const verdictFile = z.record(
  z.string(),
  z.object({
    chosen: z.enum(PROVIDERS).exclude(['auto']),
    why: z.string(),
    trials: z.array(
      z.object({
        provider: z.enum(PROVIDERS).exclude(['auto']),
        verdict: z.enum(['works', 'absent', 'failed', 'wrong']),
        detail: z.string(),
        ms: z.number().nullable(),
      }),
    ),
  }),
)

export class Providers {
  readonly #pending = new Map<string, Promise<Verdict>>()

  constructor(readonly paths: Deps['paths']) {}

  /** The remembered verdict on a model, or null before its first trial on this computer and onnxruntime. */
  async remembered(network: NetworkRef & { id: string }): Promise<Verdict | null> {
    return (await this.#read())[this.#key(network)] ?? null
  }

  /**
   * Tries the providers with the model, one such trial per model at a time, and remembers the verdict. Where nothing but
   * the processor works it is not timed, unless `timeAll` asks for it. `onTrial` hears each result as it comes.
   */
  judge(network: NetworkRef & { id: string }, options: JudgeOptions = {}): Promise<Verdict> {
    const key = this.#key(network)
    const running = this.#pending.get(key)
    if (running && !options.timeAll) return running
    const pending = this.#judge(network, options).finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  /** The provider for a choice: itself where one is named (it must work), else by verdict. */
  async choose(
    network: NetworkRef & { id: string },
    choice: ProviderChoice,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    if (choice === 'auto')
      return (await this.remembered(network)) ?? this.judge(network, signal ? { signal } : {})
    const why = `${choice} was asked for`
    if (choice === 'cpu') return { chosen: 'cpu', why, trials: [] }
    const trial = await this.#try(network, choice, signal)
    if (trial.verdict !== 'works')
      throw new FacetError('provider/unusable', trial.detail, { provider: choice })
    return { chosen: choice, why, trials: [trial] }
  }

  async #judge(
    network: NetworkRef & { id: string },
    { signal, onTrial, timeAll }: JudgeOptions,
  ): Promise<Verdict> {
    const trials: ProviderTrial[] = []
    for (const provider of ladder()) {
      if (provider === 'cpu' && !timeAll && trials.every((trial) => trial.verdict !== 'works')) break
      const trial = await this.#try(network, provider, signal)
      trials.push(trial)
      onTrial?.(trial)
    }
    const verdict = weigh(trials)
    const all = await this.#read()
    await mkdir(this.paths.dataDir, { recursive: true })
    await writeFileAtomic(
      this.#file,
      `${JSON.stringify({ ...all, [this.#key(network)]: verdict }, null, 2)}\n`,
    )
    return verdict
  }

  async #try(network: NetworkRef, provider: Provider, signal?: AbortSignal): Promise<ProviderTrial> {
    try {
      const { ms, worst } = await runAlone(engineOptions(this.paths), 'trial', { network, provider }, signal)
      return {
        provider,
        verdict: 'works',
        detail:
          provider === 'cpu'
            ? 'what the others are held against'
            : `differs from the processor by ${worst.toExponential(1)} at most`,
        ms,
      }
    } catch (error) {
      const { code, message, details } = toWire(error)
      if (code === 'cancelled') throw error
      // A network that the processor cannot load is the model's fault, and its own error says more than a trial's.
      if (provider === 'cpu') throw error
      const verdict = details.absent ? 'absent' : details.worst === undefined ? 'failed' : 'wrong'
      return { provider, verdict, detail: message, ms: null }
    }
  }

  get #file(): string {
    return join(this.paths.dataDir, 'providers.json')
  }

  #key(network: NetworkRef & { id: string }): string {
    return `${network.id} at ${network.resolution}, onnxruntime ${ONNXRUNTIME_VERSION}, ${process.platform} ${process.arch}`
  }

  async #read(): Promise<z.infer<typeof verdictFile>> {
    try {
      return verdictFile.parse(JSON.parse(await readFile(this.#file, 'utf8')))
    } catch {
      // Verdicts can be found again; a missing or damaged file only costs the trial.
      return {}
    }
  }
}

const EXPLANATIONS = {
  absent: 'is not in this build',
  failed: 'does not run here',
  wrong: 'computes wrong results',
} as const

/** The fastest that works; the processor where nothing else does. */
function weigh(trials: readonly ProviderTrial[]): Verdict {
  const [best] = trials.filter((trial) => trial.verdict === 'works').sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0))
  const reasons = trials
    .filter((trial) => trial !== best)
    .map(({ provider, verdict, ms }) =>
      verdict === 'works'
        ? `${provider} is slower (${Math.round(ms ?? 0)} ms)`
        : `${provider} ${EXPLANATIONS[verdict]}`,
    )
  const first = best ? `${best.provider} takes ${Math.round(best.ms ?? 0)} ms` : 'the processor serves'
  return { chosen: best?.provider ?? 'cpu', why: [first, ...reasons].join('; '), trials }
}
