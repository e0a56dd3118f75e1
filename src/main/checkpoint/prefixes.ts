/** @file Names of a checkpoint's tensors as the network itself gives them, without what wrappers put before all of them. */
import type { Checkpoint } from './checkpoint'

/** DataParallel's, torch.compile's and Lightning's; they nest, in any order. SegFace's own names begin with none of them. */
const WRAPPERS = ['module.', '_orig_mod.', 'model.']

/** The checkpoint with the network's own names: a wrapper's prefix goes where every name has it. */
export function unwrapped(checkpoint: Checkpoint): Checkpoint {
  const prefix = commonPrefix(checkpoint.tensors.map(({ name }) => name))
  if (prefix === '') return checkpoint
  return {
    ...checkpoint,
    tensors: checkpoint.tensors.map((info) => ({ ...info, name: info.name.slice(prefix.length) })),
    read: (name) => checkpoint.read(prefix + name),
  }
}

/** The wrappers' prefixes that all of `names` begin with, one after another. */
function commonPrefix(names: readonly string[]): string {
  const [first = ''] = names
  let prefix = ''
  for (;;) {
    const wrapper = WRAPPERS.find((each) => first.startsWith(prefix + each))
    if (wrapper === undefined || !names.every((name) => name.startsWith(prefix + wrapper))) return prefix
    prefix += wrapper
  }
}
