/** @file Pick: selects the part under the pointer; again on the same pixel, the one below. */
import { newest, type Tool } from '../desk'

export const pick: Tool = (desk, input) => {
  desk.pick(desk.toMask(newest(input)))
  return null
}
