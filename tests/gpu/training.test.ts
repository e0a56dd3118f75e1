/** @file Training the decoder on WebGPU, the update on the device; `npm run test:gpu` trains whole networks. */
import { describeTraining } from './describe_training'

describeTraining([{ arch: 'mobilenet', scope: 'decoder', batchNorm: 'running', resolution: 32 }], 1)
