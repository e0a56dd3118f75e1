/** @file The descriptions of network.ts, checked where they cross a border; apart from them, since the window does without zod. */
import { z } from 'zod'
import { CLASS_NAMES } from './labels'
import {
  COLOUR_ORDERS,
  MAX_SIDE,
  MIN_SIDE,
  RESIZE_FILTERS,
  type OnnxDescription,
  type OnnxPorts,
  type OnnxUse,
  type Preprocessing,
} from './network'

export const SIDE = z.int().min(MIN_SIDE).max(MAX_SIDE)

const three = <T extends z.ZodType>(of: T) => z.tuple([of, of, of])

export const PREPROCESSING = z.object({
  resize: z.enum(RESIZE_FILTERS),
  mean: three(z.number().min(-255).max(255)),
  std: three(z.number().min(1e-6).max(255)),
  colours: z.enum(COLOUR_ORDERS).default('RGB'),
}) satisfies z.ZodType<Preprocessing>

export const ONNX_PORTS = z.object({
  input: z.string().min(1).max(200),
  output: z.string().min(1).max(200),
  classes: z.array(z.enum(CLASS_NAMES).nullable()).min(2).max(256),
}) satisfies z.ZodType<OnnxPorts>

const ONNX_DESCRIPTION = ONNX_PORTS.extend({
  preprocessing: PREPROCESSING,
}) satisfies z.ZodType<OnnxDescription>

export const ONNX_USE = z.object({
  resolution: SIDE,
  onnx: ONNX_DESCRIPTION,
}) satisfies z.ZodType<OnnxUse>
