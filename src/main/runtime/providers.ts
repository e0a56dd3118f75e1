/**
 * @file onnxruntime's execution providers: which ones this build and platform know, in what order they are worth trying,
 * and with what options. Facts: docs of onnxruntime 1.30; measured notes in ARCHITECTURE.md, "Providers".
 */
import type { InferenceSession } from 'onnxruntime-common'
import type { Provider } from '../../shared/terms'

/** Worth trying, best hope first, by `process.platform`; the processor is always the last and the yardstick. */
const LADDERS: Readonly<Record<string, readonly Provider[]>> = {
  linux: ['cuda', 'webgpu', 'cpu'],
  win32: ['webgpu', 'dml', 'cpu'],
  darwin: ['webgpu', 'coreml', 'cpu'],
}

export function ladder(platform: NodeJS.Platform = process.platform): readonly Provider[] {
  return LADDERS[platform] ?? ['cpu']
}

/** Those that a training graph runs on; the others want weights as constants. */
export const TRAINING_PROVIDERS: readonly Provider[] = ['cpu', 'webgpu', 'cuda']

/** What a provider needs of the computer, as a sentence for whom it does not run. */
export const NEEDS: Readonly<Record<Provider, string>> = {
  cpu: 'It needs nothing.',
  cuda: 'It needs an NVIDIA card with CUDA and cuDNN 9, and files for that CUDA: for 12 those that "npm run setup:cuda" fetches, for 13 as README.md says.',
  webgpu:
    'It needs graphics hardware whose driver has Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS).',
  dml: 'It needs graphics hardware with Direct3D 12.',
  coreml: 'It needs macOS 12 or newer.',
}

/** COREML_FLAG_CREATE_MLPROGRAM: the newer of Core ML's two forms, which has most of our operators. */
const CORE_ML_PROGRAM = 0x010

function providerConfig(provider: Provider): InferenceSession.ExecutionProviderConfig {
  // WebGPU's own default layout gives wrong convolutions for some channel counts (6, 9, 15, 18, …) without an error.
  if (provider === 'webgpu') return { name: 'webgpu', preferredLayout: 'NCHW' }
  if (provider === 'coreml') return { name: 'coreml', coreMlFlags: CORE_ML_PROGRAM }
  return provider
}

/** Threads for one session: all of a small machine, one core left to the window on a larger one. */
export function threadCount(cores: number): number {
  return cores <= 2 ? cores : cores - 1
}

/**
 * Attention weights of pixels that do not matter come out of softmax as denormals, numbers below 1e-38, which processors
 * multiply in microcode: with them as zero, MobileNet at 512 takes 125 ms instead of 322. Belongs to every session, since
 * onnxruntime lets the first one of a process decide for the thread that calls it (measured), on which JavaScript runs too.
 */
const DENORMALS_ARE_ZERO = { set_denormal_as_zero: '1' } as const

/**
 * Rewritings of onnxruntime that cost the processor more than they save (measured on two cores at 512). Of `MatMul` and `Add`
 * it makes `Gemm`, which first writes the bias into all of its output, with one thread: ConvNeXt-B takes 5 % longer, Swin-B
 * 5 %, MobileNet 4 %. Of `Add` and `LayerNormalization` it makes one kernel, which takes twice their time.
 */
const SLOWER_ON_CPU = { disable_specified_optimizers: 'MatMulAddFusion;SkipLayerNormFusion' } as const

/**
 * Makes weights of 8 bits unsigned, whose products are exact on processors where those of signed ones saturate; they take
 * about four fifths of the floats' time there. Where nothing saturates it is left out: with AMX, products take four times as long.
 */
const EXACT_IN_INT8 = { x64quantprecision: '1' } as const

/**
 * Session options that let onnxruntime fold what is constant in a graph and drop what does nothing, and write the result
 * to `file`, its weights to a file of the name `weights` beside it, which onnxruntime maps into memory instead of copying
 * it. Nothing more ("basic", in its terms): the result keeps to standard operators and serves every provider; what suits
 * one machine alone is left to the loading.
 */
export function foldingOptions(file: string, weights: string): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'basic',
    optimizedModelFilePath: file,
    logSeverityLevel: 3,
    extra: {
      session: {
        ...DENORMALS_ARE_ZERO,
        // Kernels' own copies of the weights, which would never be used.
        disable_prepacking: '1',
        optimized_model_external_initializers_file_name: weights,
        optimized_model_external_initializers_min_size_in_bytes: '1024',
      },
      optimization: SLOWER_ON_CPU,
    },
  }
}

/**
 * Session options for one provider alone. On a GPU, falling back to the processor node by node is forbidden, so that a
 * network which cannot run there fails loudly instead of crawling. `saturates` as of saturation.ts.
 */
export function sessionOptions(
  provider: Provider,
  threads: number,
  saturates = false,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [providerConfig(provider)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        ...DENORMALS_ARE_ZERO,
        ...(saturates && EXACT_IN_INT8),
        ...(provider === 'cpu' || provider === 'coreml' ? {} : { disable_cpu_ep_fallback: '1' }),
      },
      ...(provider === 'cpu' && { optimization: SLOWER_ON_CPU }),
    },
  }
}
