/**
 * @file Which provider runs a model: each rung of the ladder is tried in a process of its own, checked against the
 * processor and timed; the fastest that computes the right thing is used, and the verdict is remembered for as long as
 * model, Facet, onnxruntime and graphics adapters stay the same.
 */
import { join } from 'node:path'
import { z } from 'zod'
import type { ProviderTrial } from '../../shared/answers'
import type { Events } from '../../shared/api'
import { PROVIDERS, TRIAL_VERDICTS, type Provider, type ProviderChoice } from '../../shared/terms'
import { cancelled, FacetError, toWire } from '../../shared/errors'
import { noteOf } from '../../shared/notes'
import type { Loudspeaker } from '../base/events'
import { runAlone } from '../engine/client'
import type { Jobs, NetworkRef } from '../engine/protocol'
import { adapterDigest } from '../runtime/adapters'
import { ladder } from '../runtime/providers'
import { ONNXRUNTIME_VERSION } from '../runtime/version'
import type { Deps } from './deps'
import { engineOptions } from './engine'
import { Remembered } from './remembered'

export interface Verdict {
  readonly chosen: Provider
  readonly why: string
  readonly trials: readonly ProviderTrial[]
}

type Model = NetworkRef & { readonly id: string }

/** A provider that takes longer hangs, or might as well. */
const TRIAL_MS = 5 * 60 * 1000

/** A trial of all providers that callers wait for; it is given up when none of them does any more. */
interface Judging {
  readonly verdict: Promise<Verdict>
  readonly stop: AbortController
  callers: number
}

interface JudgeOptions {
  readonly signal?: AbortSignal
  readonly onTrial?: (trial: ProviderTrial) => void
  readonly timeAll?: boolean
}

const verdictSchema = z.object({
  chosen: z.enum(PROVIDERS).exclude(['auto']),
  why: z.string(),
  trials: z.array(
    z.object({
      provider: z.enum(PROVIDERS).exclude(['auto']),
      verdict: z.enum(TRIAL_VERDICTS),
      trains: z.boolean(),
      detail: z.string(),
      ms: z.number().nullable(),
    }),
  ),
})

export class Providers {
  readonly #pending = new Map<string, Judging>()

  readonly #verdicts: Remembered<Verdict>

  constructor(
    private readonly deps: Pick<Deps, 'paths' | 'version'>,
    events: Loudspeaker<Events>,
  ) {
    this.#verdicts = new Remembered(join(deps.paths.dataDir, 'providers.json'), verdictSchema, events)
  }

  /** The remembered verdict on a model, or null before its first trial as things are now. */
  async remembered(network: Model): Promise<Verdict | null> {
    return this.#verdicts.get(await this.#key(network))
  }

  /**
   * Tries the providers with the model, one such trial per model at a time, and remembers the verdict. Where nothing but
   * the processor works it is not timed, unless `timeAll` asks for it. `onTrial` hears each result of a trial that it began.
   * Rejects with `cancelled` when `signal` aborts, at once and for this caller alone.
   */
  async judge(network: Model, { signal, ...options }: JudgeOptions = {}): Promise<Verdict> {
    const key = await this.#key(network)
    const running = this.#pending.get(key)
    const judging = running && !options.timeAll ? running : this.#begin(key, network, options)
    judging.callers++
    try {
      return await untilAborted(judging.verdict, signal)
    } finally {
      if (--judging.callers === 0) judging.stop.abort()
    }
  }

  #begin(key: string, network: Model, options: Omit<JudgeOptions, 'signal'>): Judging {
    const stop = new AbortController()
    const verdict = this.#judge(network, { ...options, signal: stop.signal })
      .then(async (found) => {
        await this.#verdicts.set(key, found)
        return found
      })
      .finally(() => {
        if (this.#pending.get(key) === judging) this.#pending.delete(key)
      })
    const judging: Judging = { verdict, stop, callers: 0 }
    this.#pending.set(key, judging)
    return judging
  }

  /** The provider for a choice: itself where one is named (it must work, however slowly), else by verdict. */
  async choose(network: Model, choice: ProviderChoice, signal?: AbortSignal): Promise<Verdict> {
    if (choice === 'auto')
      return (await this.remembered(network)) ?? this.judge(network, signal ? { signal } : {})
    const why = noteOf('wasAskedFor', { provider: choice })
    if (choice === 'cpu') return { chosen: 'cpu', why, trials: [] }
    const known = (await this.remembered(network))?.trials.find(({ provider }) => provider === choice)
    const trial = known?.verdict === 'works' ? known : await this.#try(network, choice, true, signal)
    if (trial.verdict !== 'works')
      throw new FacetError('provider/unusable', trial.detail, { provider: choice })
    return { chosen: choice, why, trials: [trial] }
  }

  /**
   * Takes back the trust in a provider that failed in use, for the reason given; the next best is chosen from now on, until
   * the providers are tried again.
   */
  async distrust(network: Model, provider: Provider, reason: string): Promise<void> {
    const verdict = await this.remembered(network)
    if (verdict?.chosen !== provider) return
    const trials = verdict.trials.map((trial): ProviderTrial =>
      trial.provider === provider ? failure(provider, reason) : trial,
    )
    await this.#verdicts.set(await this.#key(network), weigh(trials))
  }

  /** Takes back the trust in a provider to train, where it failed at that for the reason given, until the providers are tried again. */
  async distrustTraining(network: Model, provider: Provider, reason: string): Promise<void> {
    const verdict = await this.remembered(network)
    if (verdict === null) return
    const trials = verdict.trials.map((trial): ProviderTrial =>
      trial.provider === provider && trial.trains
        ? { ...trial, trains: false, detail: withoutTraining(trial.detail, reason) }
        : trial,
    )
    await this.#verdicts.set(await this.#key(network), { ...verdict, trials })
  }

  async #judge(network: Model, { signal, onTrial, timeAll }: JudgeOptions): Promise<Verdict> {
    const trials: ProviderTrial[] = []
    for (const provider of ladder()) {
      if (provider === 'cpu' && !timeAll && trials.every((trial) => trial.verdict !== 'works')) break
      const trial = await this.#try(network, provider, false, signal)
      trials.push(trial)
      onTrial?.(trial)
    }
    return weigh(trials)
  }

  /** What comes of a trial; one that was `asked` for may take its time. */
  async #try(
    network: NetworkRef,
    provider: Provider,
    asked: boolean,
    signal?: AbortSignal,
  ): Promise<ProviderTrial> {
    const limit = provider === 'cpu' || asked ? undefined : AbortSignal.timeout(TRIAL_MS)
    const signals = [signal, limit].filter((one) => one !== undefined)
    try {
      const answer = await runAlone(
        engineOptions(this.deps.paths),
        'trial',
        { network, provider, asked },
        AbortSignal.any(signals),
      )
      return describeTrial(provider, answer)
    } catch (error) {
      const { code, message, details } = toWire(error)
      if (code === 'cancelled' && limit?.aborted && !signal?.aborted) {
        return failure(provider, noteOf('trialTooLong', { minutes: TRIAL_MS / 60_000 }))
      }
      // A network that the processor cannot load is the model's fault, and its own error says more than a trial's.
      if (code === 'cancelled' || provider === 'cpu') throw error
      if (details.absent) return { ...failure(provider, message), verdict: 'absent' }
      return { ...failure(provider, message), verdict: details.worst === undefined ? 'failed' : 'wrong' }
    }
  }

  async #key({ id, resolution }: Model): Promise<string> {
    const platform = `${process.platform} ${process.arch}`
    const adapters = await adapterDigest()
    return `${id} at ${resolution}, Facet ${this.deps.version}, onnxruntime ${ONNXRUNTIME_VERSION}, ${platform}, adapters ${adapters}`
  }
}

/** What `promise` comes to, or `cancelled` as soon as `signal` aborts. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(cancelled())
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

function failure(provider: Provider, detail: string): ProviderTrial {
  return { provider, verdict: 'failed', trains: false, detail, ms: null }
}

/** What a trial found, of a provider that only predicts. */
function withoutTraining(found: string, reason: string): string {
  return noteOf('onlyPredicts', { found, reason })
}

function describeTrial(provider: Provider, answer: Jobs['trial']['answer']): ProviderTrial {
  if (answer.slower !== null) {
    const detail = noteOf('trialSlow', { times: Math.round(answer.slower) })
    return { ...failure(provider, detail), verdict: 'slow' }
  }
  const { operators, worst, ms, untrainable } = answer
  const found =
    provider === 'cpu'
      ? noteOf('heldAgainst', {})
      : noteOf('trialDiffers', { operators, worst: worst.toExponential(1) })
  const detail = untrainable === null ? found : withoutTraining(found, untrainable)
  return { provider, verdict: 'works', trains: untrainable === null, detail, ms }
}

const EXPLANATIONS = {
  absent: 'isAbsent',
  failed: 'hasFailed',
  wrong: 'isWrong',
  slow: 'isFarSlower',
} as const

/** The fastest that works; the processor where nothing else does. */
function weigh(trials: readonly ProviderTrial[]): Verdict {
  const [best] = trials.filter((trial) => trial.verdict === 'works').sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0))
  const reasons = trials
    .filter((trial) => trial !== best)
    .map(({ provider, verdict, ms }) =>
      verdict === 'works'
        ? noteOf('isSlower', { provider, ms: Math.round(ms ?? 0) })
        : noteOf(EXPLANATIONS[verdict], { provider }),
    )
  const first = best
    ? noteOf('takes', { provider: best.provider, ms: Math.round(best.ms ?? 0) })
    : noteOf('processorServes', {})
  return { chosen: best?.provider ?? 'cpu', why: [first, ...reasons].join('; '), trials }
}
