/** @file A network with windowed attention on WebGPU; ladder.test.ts has MobileNet, and `npm run test:gpu` tries them all. */
import { describeNetworks } from './describe_networks'

describeNetworks(['swinv2_tiny'])
