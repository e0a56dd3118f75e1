/** @file How the parts are laid out for the hand: their groups in the panel and the key of each. */
import type { PartName } from '../../../shared/labels'

/** Groups in the panel's order, each read from the top of the face down. */
export const PART_GROUPS: readonly (readonly PartName[])[] = [
  ['skin', 'nose'],
  ['l_brow', 'r_brow', 'l_eye', 'r_eye'],
  ['u_lip', 'mouth', 'l_lip'],
  ['hair', 'l_ear', 'r_ear'],
  ['eye_g', 'hat', 'ear_r', 'neck_l'],
  ['neck', 'cloth'],
]

/** Digits for the ten parts that are corrected most, Shift and a digit for the others. */
export const PART_KEYS: Readonly<Record<PartName, string>> = {
  skin: '1',
  nose: '2',
  l_brow: '3',
  r_brow: '4',
  l_eye: '5',
  r_eye: '6',
  u_lip: '7',
  mouth: '8',
  l_lip: '9',
  hair: '0',
  l_ear: 'Shift+1',
  r_ear: 'Shift+2',
  eye_g: 'Shift+3',
  hat: 'Shift+4',
  ear_r: 'Shift+5',
  neck_l: 'Shift+6',
  neck: 'Shift+7',
  cloth: 'Shift+8',
}
