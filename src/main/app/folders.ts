/** @file Folders for the window's own folder browser, where no native dialog is to be had. */
import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { FacetError } from '../../shared/errors'
import { isPicture } from '../imaging/scan'
import type { Context, Handlers } from './app'

export function folderHandlers(_context: Context): Pick<Handlers, 'folders.list'> {
  return {
    async 'folders.list'({ path }) {
      const folder = path === null ? homedir() : resolve(path)
      let entries
      try {
        entries = await readdir(folder, { withFileTypes: true })
      } catch (error) {
        throw new FacetError(
          'file/unreadable',
          `The folder ${folder} cannot be read; choose another one.`,
          { file: folder },
          { cause: error },
        )
      }
      const parent = dirname(folder)
      const names = entries
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => entry.name)
      const byName = new Intl.Collator('en', { numeric: true })
      return {
        path: folder,
        parent: parent === folder ? null : parent,
        folders: names.sort(byName.compare).map((name) => ({ name, path: join(folder, name) })),
        images: entries.filter((entry) => entry.isFile() && isPicture(entry.name)).length,
      }
    },
  }
}
