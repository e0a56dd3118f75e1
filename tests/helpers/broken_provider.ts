/** @file A computer on which a provider worked once and does not any more. */
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Providers } from '../../src/main/app/providers'
import { Loudspeaker } from '../../src/main/base/events'
import { networkOf, Registry } from '../../src/main/models/registry'
import { ladder } from '../../src/main/runtime/providers'
import type { Provider } from '../../src/shared/terms'
import { TEST_VERSION, testPaths } from './app'

/** No build for this platform has it. */
export const FOREIGN: Provider = process.platform === 'win32' ? 'coreml' : 'dml'

/** Has the data folder remember FOREIGN as the fastest for the model, at its own `resolution` or another. */
export async function chooseForeign(dataDir: string, model: string, resolution?: number): Promise<void> {
  const paths = testPaths(dataDir)
  const network = networkOf(await new Registry(paths).find(model))
  const [first = 'cuda'] = ladder()
  const absent = Object.fromEntries(ladder().map((provider) => [provider, 'absent']))
  const weights = JSON.stringify({ ...absent, [first]: 10, cpu: 90 })
  const engineEntry = resolve('tests', 'helpers', 'fake_engine.mjs')
  const providers = new Providers(
    { paths: { ...paths, engineEntry }, version: TEST_VERSION },
    new Loudspeaker(),
  )
  await providers.judge({ ...network, weights, resolution: resolution ?? network.resolution })
  const file = join(dataDir, 'providers.json')
  const verdicts = await readFile(file, 'utf8')
  await writeFile(file, verdicts.replaceAll(`"${first}"`, `"${FOREIGN}"`))
}
