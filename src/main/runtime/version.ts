/** @file The version of the installed onnxruntime, without loading it. */
import { createRequire } from 'node:module'

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }

export const ONNXRUNTIME_VERSION = version
