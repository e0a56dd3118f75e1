/** @file Fill: gives the selected part the connected pixels that look like the clicked one; erases them likewise. */
import { asksToErase, newest, type Tool } from '../desk'

export const fill: Tool = (desk, input) => {
  const { document } = desk
  if (!document) return null
  const point = desk.toMask(newest(input))
  const x = Math.floor(point.x)
  const y = Math.floor(point.y)
  const { width, height } = document.map
  if (x < 0 || y < 0 || x >= width || y >= height) return null
  const ink = desk.mixInk(asksToErase(input))
  if (!ink) return null
  document.begin()
  document.fill(x, y, ink)
  desk.commit('fill')
  return null
}
