/** @file The networks that networks.test.ts leaves out on WebGPU: together they take minutes. */
import { ARCHITECTURES } from '../../src/main/segface/config'
import { describeNetworks } from './describe_networks'

describeNetworks(ARCHITECTURES.filter((arch) => arch !== 'swinv2_tiny'))
