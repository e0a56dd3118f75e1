/** @file Rows that a failing disk has changed: said with image and part, used by nobody, the rest at work. */
import { describe, expect, test } from 'vitest'
import { openStore } from '../../src/main/store/open'
import { addFace, tamper } from './helpers'
import { block, CORNER, SIDE, snapshot, stroke, workspace } from './small'

describe('damage', () => {
  test('of one mask names image and part, and the rest stays usable', () => {
    const { store, face } = workspace()
    const other = addFace(store, 'b.jpg', SIDE, SIDE).face
    for (const id of [face, other]) stroke(store, id, 'skin', block(CORNER, ['skin']))
    store.close()
    tamper(store.file, (database) => {
      const update = database.prepare('UPDATE mask SET runs = ? WHERE face_id = ?')
      update.run(Buffer.from([3, 0, 7, 7]), face)
    })
    const again = openStore(store.file)
    for (const call of [() => again.readFace(face), () => again.partMasks(face), () => again.undo(face)]) {
      expect(call).toThrow(/mask of skin of 'a\.jpg' .* is damaged/)
    }
    expect(stroke(again, other, 'hair', block(CORNER, ['hair'])).status).toBe('corrected')
    expect(again.history(face, 10)).toHaveLength(1)
    again.close()
  })

  test('of a patch is found before it is used', () => {
    const { store, face } = workspace()
    stroke(store, face, 'skin', block(CORNER, ['skin']))
    const before = snapshot(store, face)
    store.close()
    tamper(store.file, (database) => {
      database.exec('DROP TRIGGER revision_stays')
      database.exec("UPDATE revision SET patch = x'0300'")
    })
    const again = openStore(store.file)
    expect(() => again.undo(face)).toThrow(/Revision 1 of 'a\.jpg' .* is damaged/)
    expect(snapshot(again, face)).toEqual(before)
    again.close()
  })
})
