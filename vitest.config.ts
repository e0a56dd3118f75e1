/** @file The test projects, from quick to slow: unit (rooms alone), editor (no DOM needed), gpu (WebGPU on a software Vulkan), contract (one API, three doors), e2e (a real browser, driven by hand). `--mode long` adds what takes minutes. */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const kindOf = (mode: string): string => (mode === 'long' ? '{test,long}' : 'test')

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // As the engine's process has it (engine/client.ts).
    env: { ORT_DISABLE_TELEMETRY: '1' },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: [`tests/{unit,store,parity,editor,arch}/**/*.${kindOf(mode)}.ts`] },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: [`tests/gpu/**/*.${kindOf(mode)}.ts`],
          fileParallelism: false,
        },
      },
      // Node has EventSource, the window's way to hear events, behind a flag.
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['tests/contract/**/*.test.ts'],
          execArgv: ['--experimental-eventsource'],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
}))
