/** @file The built command line as a package whose engine only pretends to train. */
import { copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BUILT, STAND_IN_TRAINER } from './app'

/** Makes the package at `root` and gives the path of its command line. */
export async function standInPackage(root: string): Promise<string> {
  const out = join(root, 'out', 'main')
  await mkdir(out, { recursive: true })
  await cp(BUILT, out, { recursive: true })
  await copyFile(join(BUILT, 'engine.js'), join(out, 'real_engine.js'))
  await copyFile(STAND_IN_TRAINER, join(out, 'engine.js'))
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  for (const name of ['node_modules', 'resources']) await symlink(resolve(name), join(root, name), 'junction')
  return join(out, 'cli.js')
}
