/** @file `npm run bench -- NAME`: measures one thing and prints it. Nothing is asserted; numbers belong to the machine they come from. */
import { existsSync } from 'node:fs'
import { BUILT } from '../helpers/app'
import { printMachine } from './report'

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<void> }>>> = {
  adapt: () => import('./adapt'),
  brush: () => import('./brush'),
  training: () => import('./training'),
  providers: () => import('./providers'),
  serve: () => import('./serve'),
  inference: () => import('./inference'),
  folder: () => import('./folder'),
  store: () => import('./store'),
}

const name = process.argv[2] ?? ''
const bench = BENCHES[name]
if (!bench || !existsSync(BUILT)) {
  const names = Object.keys(BENCHES).join(' | ')
  console.error(bench ? 'Build first: npm run build' : `npm run bench -- ${names}`)
  process.exit(2)
}
printMachine()
await (await bench()).run()
printMachine()
