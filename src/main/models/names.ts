/** @file Names of models as they are kept and looked up. */

/** One form for what reads the same: composed (macOS names files in pieces), without blanks around. */
export function plainName(name: string): string {
  return name.normalize('NFC').trim()
}
