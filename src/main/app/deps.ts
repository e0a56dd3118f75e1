/** @file What the app needs of its host and cannot find itself; each door fills it in. */
import type { Published } from '../models/published'

export interface Paths {
  /** Models, settings, provider verdicts; serves all workspaces. */
  readonly dataDir: string
  /** What ships with Facet: the default model, the sample. */
  readonly resources: string
  /** The built window. */
  readonly renderer: string
  /** The built engine.js and a plain Node to run it. */
  readonly engineEntry: string
  readonly node: string
}

export interface Deps {
  /** The published checkpoints there are to fetch; left out, SegFace's. */
  readonly published?: readonly Published[]
  readonly paths: Paths
  readonly version: string
  /** Two-letter language of the system. */
  readonly language: string
}
