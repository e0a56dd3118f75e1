import { it } from 'vitest'
import { readCelebAMask, readItemMasks } from '../../../src/main/dataset/celebamask/importer'
import { exportCelebAMask } from '../../../src/main/dataset/celebamask/exporter'
import { createPredictionWriter } from '../../../src/main/dataset/predicted'
import { makeFolder } from '../../helpers/folder'
it('bench', async () => {
  const ds = await readCelebAMask('../shared/faces/CelebAMask-HQ')
  const { map } = await readItemMasks(ds.items[3]!)
  const out = await makeFolder()
  const w = await createPredictionWriter(out, 'celebamask-hq', ['a.jpg'])
  let t = performance.now(); for (let i = 0; i < 10; i++) await w.write('a.jpg', map!)
  console.log('predict write', (performance.now() - t) / 10)
  let last = 0
  async function* items() { for (const item of ds.items.slice(0, 40)) { const { map } = await readItemMasks(item); yield { id: item.id, name: `${item.id}.jpg`, imagePath: item.image, map: map!, split: item.split } } }
  t = performance.now()
  await exportCelebAMask({ items: items(), out: out + '/x', progress: () => { last = performance.now() } })
  console.log('export 40: items', last - t, 'finish', performance.now() - last)
})
