/**
 * @file AdamW on arrays, as PyTorch's torch.optim.AdamW computes it, with the exponential mean of the weights in the same pass.
 * Loshchilov and Hutter, Decoupled Weight Decay Regularization (https://arxiv.org/abs/1711.05101). On the processor a loop
 * beats the graph of autodiff/optimizers.ts: nothing is copied.
 */

/** PyTorch's defaults. */
export const BETAS = [0.9, 0.999] as const
export const EPSILON = 1e-8

export interface StepSettings {
  readonly lr: number
  /** Each step a parameter loses lr · weightDecay of itself. */
  readonly weightDecay: number
  /** How much of the mean stays: mean ← decay · mean + (1 - decay) · parameter. 0: the mean is the parameter. */
  readonly decay: number
}

/** A learned tensor with its optimiser state: running means of its gradient (m) and of that squared (v), and its own. */
export interface Learned {
  readonly parameter: Float32Array
  readonly m: Float32Array
  readonly v: Float32Array
  readonly mean: Float32Array
}

/** What the equations need of step number `step`, counted from 1. */
export function scalarsOf(
  { lr, weightDecay, decay }: StepSettings,
  step: number,
): { keep: number; rate: number; root: number; blend: number } {
  return {
    keep: 1 - lr * weightDecay,
    rate: lr / (1 - BETAS[0] ** step),
    root: 1 / Math.sqrt(1 - BETAS[1] ** step),
    blend: 1 - decay,
  }
}

/**
 * Changes `learned` in place by step number `step`, counted from 1. Without a gradient (null: the loss does not depend on the
 * parameter) the moments stay and the parameter only decays.
 */
export function adamW(
  learned: Learned,
  gradient: Float32Array | null,
  step: number,
  settings: StepSettings,
): void {
  const { keep, rate, root, blend } = scalarsOf(settings, step)
  const { parameter, m, v, mean } = learned
  if (gradient === null) {
    for (let i = 0; i < parameter.length; i++) {
      const value = (parameter[i] as number) * keep
      parameter[i] = value
      mean[i] = (mean[i] as number) + blend * (value - (mean[i] as number))
    }
    return
  }
  const share1 = 1 - BETAS[0]
  const share2 = 1 - BETAS[1]
  // rate m / (root √v + ε) with the root moved out of the sum: one product less for each element.
  const reach = rate / root
  const floor = EPSILON / root
  for (let i = 0; i < parameter.length; i++) {
    const slope = gradient[i] as number
    const first = (m[i] as number) + share1 * (slope - (m[i] as number))
    const second = (v[i] as number) + share2 * (slope * slope - (v[i] as number))
    const value = (parameter[i] as number) * keep - (reach * first) / (Math.sqrt(second) + floor)
    m[i] = first
    v[i] = second
    parameter[i] = value
    mean[i] = (mean[i] as number) + blend * (value - (mean[i] as number))
  }
}
