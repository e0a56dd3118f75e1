/** @file Notes of a run are kept in English and said in the window's language; what is none of them stays as it is. */
import { describe, expect, test } from 'vitest'
import { noteIn, noteOf } from '../../../src/shared/notes'

describe('a note', () => {
  test('is an English sentence with its values', () => {
    expect(noteOf('passes', { epochs: 36, images: 20, steps: 252, batch: 4 })).toBe(
      '36 passes over 20 images, 252 steps of 4, which so many faces of a new kind need.',
    )
  })

  test('is said in Korean with the same values, each in its place', () => {
    const passes = noteOf('passes', { epochs: 36, images: 20, steps: 252, batch: 4 })
    expect(noteIn('ko', passes)).toBe(
      '이미지 20장을 36번 돌며, 4장씩 252단계를 학습합니다. 새로운 종류의 얼굴이 이만큼일 때 필요한 만큼입니다.',
    )
    expect(noteIn('en', passes)).toBe(passes)
  })

  test('of rare parts is said in Korean, too', () => {
    const few = noteOf('fewExamples', { parts: 'hat (2), ear_r (1)' })
    expect(noteIn('ko', few)).toContain('hat (2), ear_r (1).')
    expect(noteIn('ko', noteOf('noExamples', { parts: 'neck_l' }))).toMatch(/neck_l/)
  })

  test('takes values with any characters, names and sentences too', () => {
    const note = noteOf('leftOut', {
      image: 'a (1).jpg was {b}',
      why: 'a (1).jpg is no picture; 3 * 4 bytes.',
    })
    expect(noteIn('ko', note)).toContain('a (1).jpg is no picture; 3 * 4 bytes.')
    expect(noteIn('ko', noteOf('trainedHere', { model: 'night$1', base: 'a.b+c' }))).toContain('night$1')
  })

  test('that is none of them stays as it is', () => {
    expect(noteIn('ko', 'Something else happened.')).toBe('Something else happened.')
  })
})
