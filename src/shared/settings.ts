/** @file The settings of somebody who chose nothing yet. */
import type { Settings } from './requests'

export const DEFAULT_SETTINGS: Settings = {
  language: null,
  theme: 'system',
  model: null,
  provider: 'auto',
  autoPredict: true,
  int8: [],
  mirror: null,
  recent: [],
}
