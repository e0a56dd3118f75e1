/** @file What stands for the objects of a pickle whose classes are not ours: `args`, `best_score`, a scheduler. */

/** An object, or its class, of which nothing is kept but the global's name, as `argparse.Namespace`. */
export class Placeholder {
  constructor(readonly name: string) {}
}
