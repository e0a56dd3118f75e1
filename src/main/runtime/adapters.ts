/**
 * @file The graphics hardware and drivers of this computer, as a text that changes when they do: onnxruntime for Node does
 * not say which adapter it computes on, and a verdict on a provider is one on its adapter.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** What a user may have chosen an adapter or a driver by. */
const VARIABLES = [
  'VK_ICD_FILENAMES',
  'VK_DRIVER_FILES',
  'CUDA_VISIBLE_DEVICES',
  'LD_LIBRARY_PATH',
  'DRI_PRIME',
]
/** Windows' list of installed display adapters (the class of that id), each with its driver's version. */
const WINDOWS_CLASS =
  'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}'

/** A digest of the adapters, their drivers, the choice among them, and the provider files beside onnxruntime. */
export async function adapterDigest(): Promise<string> {
  const facts = [release(), ...VARIABLES.map((name) => process.env[name] ?? ''), ...(await providerFiles())]
  if (process.platform === 'linux') facts.push(...(await linuxFacts()))
  if (process.platform === 'win32') facts.push(await windowsFacts())
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 12)
}

/** Libraries that `npm run setup:cuda` may have added since. */
function providerFiles(): Promise<string[]> {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  return names(join(folder, 'bin', 'napi-v6', process.platform, process.arch))
}

async function linuxFacts(): Promise<string[]> {
  const cards = (await names('/sys/class/drm')).filter((name) => /^card\d+$/.test(name))
  const files = [
    ...cards.flatMap((card) => ['vendor', 'device'].map((id) => `/sys/class/drm/${card}/device/${id}`)),
    '/sys/module/nvidia/version',
  ]
  // A package's update rewrites the manifest of its Vulkan driver.
  const manifests = await Promise.all(
    ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].map(async (folder) =>
      Promise.all((await names(folder)).map((name) => changed(join(folder, name)))),
    ),
  )
  return [...(await Promise.all(files.map(text))), ...manifests.flat()]
}

async function windowsFacts(): Promise<string> {
  const query = ['query', WINDOWS_CLASS, '/s', '/v', 'DriverVersion']
  return (await promisify(execFile)('reg', query).catch(() => ({ stdout: '' }))).stdout
}

const names = (folder: string): Promise<string[]> =>
  readdir(folder).then(
    (all) => all.sort(),
    () => [],
  )
const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
const changed = (file: string): Promise<string> =>
  stat(file).then(
    ({ mtimeMs }) => `${file} ${mtimeMs}`,
    () => '',
  )
