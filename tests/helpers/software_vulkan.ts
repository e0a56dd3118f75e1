/**
 * @file WebGPU without a GPU: the software Vulkan that npm's @sparticuz/chromium brings for Linux on x64, unpacked once.
 * A process finds it by its environment alone, so what uses it runs in a child.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

const ARCHIVE = resolve('node_modules', '@sparticuz', 'chromium', 'bin', 'swiftshader.tar.br')

/** Software Vulkan is there; where it is not, tests of WebGPU are left out and say so. */
export const hasSoftwareVulkan = process.platform === 'linux' && process.arch === 'x64' && existsSync(ARCHIVE)
if (!hasSoftwareVulkan) {
  console.info('left out: WebGPU, which the tests run on a software Vulkan that npm has for Linux on x64')
}

/** What a process needs in its environment so that onnxruntime's WebGPU finds the software Vulkan and nothing else. */
export async function softwareVulkan(): Promise<Readonly<Record<string, string>>> {
  const folder = await unpacked()
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json') }
}

/** The archive's files in a folder of the system's temporary one, shared by all runs with the same archive. */
async function unpacked(): Promise<string> {
  const archive = await readFile(ARCHIVE)
  const folder = join(tmpdir(), `facet-swiftshader-${createHash('sha256').update(archive).digest('hex')}`)
  if (existsSync(folder)) return folder
  await mkdir(tmpdir(), { recursive: true })
  const making = await mkdtemp(`${folder}-`)
  for (const [name, bytes] of tarFiles(brotliDecompressSync(archive)))
    await writeFile(join(making, name), bytes)
  // Another test may have been faster; its folder is as good.
  await rename(making, folder).catch(() => rm(making, { recursive: true }))
  return folder
}

/** The files of an ustar archive without folders: headers of 512 bytes, the size in octal at 124, contents padded to 512. */
function* tarFiles(tar: Buffer): Generator<[name: string, bytes: Buffer]> {
  const text = (start: number, length: number): string =>
    tar.toString('latin1', start, start + length).replace(/\0.*$/s, '')
  for (let at = 0; text(at, 100) !== '';) {
    const size = parseInt(text(at + 124, 12), 8)
    yield [text(at, 100), tar.subarray(at + 512, at + 512 + size)]
    at += 512 + 512 * Math.ceil(size / 512)
  }
}
