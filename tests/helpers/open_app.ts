/** @file An app that lives as long as the test that opens it. */
import { onTestFinished } from 'vitest'
import type { App } from '../../src/main/app/app'
import { makeApp } from './app'

export function openApp(dataDir: string): App {
  const app = makeApp(dataDir)
  onTestFinished(() => app.dispose())
  return app
}
