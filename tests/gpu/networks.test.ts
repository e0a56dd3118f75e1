/** @file A convolutional network and one with windowed attention on WebGPU; `npm run test:gpu` tries them all. */
import { describeNetworks } from './describe_networks'

describeNetworks(['mobilenet', 'swinv2_tiny'])
