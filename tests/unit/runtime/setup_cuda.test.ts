/** @file The files of CUDA come by one command that is asked for, and by no other. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Where nothing listens: whoever fetches anything fails at once. */
const NOWHERE = 'http://127.0.0.1:9'

/** What the script prints, through npm as a person runs it, without a network. */
async function runScript(name: string): Promise<string> {
  const env = { ...process.env, GLOBAL_AGENT_HTTPS_PROXY: NOWHERE }
  const run = promisify(execFile)('npm', ['run', name], { env, shell: process.platform === 'win32' })
  const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error)
  return stdout + stderr
}

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'npm run setup:cuda fetches them',
  async () => {
    expect(await runScript('setup:cuda')).toContain('ECONNREFUSED')
  },
)

test('npm ci does not', async () => {
  const { allowScripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    allowScripts: Record<string, boolean>
  }
  expect(allowScripts['onnxruntime-node']).toBe(false)
  expect(await readFile('.npmrc', 'utf8')).toMatch(/^onnxruntime-node-install=skip$/m)
})
