/** @file Notes of a run are kept in English and said in the window's language; what is none of them stays as it is. */
import { describe, expect, test } from 'vitest'
import type { PartName } from '../../../src/shared/labels'
import { noteIn, noteOf, notesIn } from '../../../src/shared/notes'

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
    expect(noteIn('ko', noteOf('noValidation', {}))).toMatch(/^검증용 얼굴이 없어/)
    expect(noteIn('ko', noteOf('endedAlready', { name: "Mid's" }))).toBe("Mid's 학습은 이미 끝났습니다.")
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

  test('says one as one, and is known by either word', () => {
    const one = noteOf('fewValidation', { faces: 1 })
    expect(one).toMatch(/^1 validation face is too few/)
    expect(noteOf('fewValidation', { faces: 4 })).toMatch(/^4 validation faces are too few/)
    expect(noteIn('ko', one)).toContain('1장뿐')
    const passes = noteOf('passes', { epochs: 1200, images: 1, steps: 1200, batch: 1 })
    expect(passes).toMatch(/^1200 passes over 1 image, 1200 steps of 1,/)
    expect(noteIn('ko', passes)).toContain('이미지 1장을 1200번')
    // As runs of before this distinction hold it.
    expect(noteIn('ko', one.replace('face is', 'faces are'))).toBe(noteIn('ko', one))
  })

  test('says what it quotes, too: reasons one by one, and why a provider does not train', () => {
    const model = 'confused'
    const reasons = [noteOf('eyesSwapped', {}), noteOf('findsNoSkin', {})].join('; ')
    const odd = noteOf('looksWrong', { model, reasons, advice: noteOf('checkOnnx', {}) })
    expect(odd).toBe(
      "confused looks wrong on Facet's sample portrait: its left eye is on the left of the picture, where the right one should be; it finds no skin. Check its class order, colours and normalisation.",
    )
    expect(noteIn('ko', odd)).not.toMatch(/[a-z]{2,} [a-z]{2,}/)
    const found = noteOf('trialDiffers', { operators: 48, worst: '2.7e-6' })
    const alone = noteOf('onlyPredicts', { found, reason: noteOf('wantsChanging', {}) })
    expect(notesIn('ko', alone)).toBe(
      '연산자 48개와 네트워크의 결과가 프로세서와 최대 2.7e-6 다릅니다; 학습에는 쓰지 못합니다: 학습하려면 가중치를 바꿀 수 있어야 합니다.',
    )
    const why = [
      noteOf('takes', { provider: 'webgpu', ms: 12 }),
      noteOf('isSlower', { provider: 'cpu', ms: 90 }),
    ]
    expect(notesIn('ko', why.join('; '))).toBe('webgpu: 12 ms; cpu은(는) 더 느립니다(90 ms)')
    expect(notesIn('ko', 'No note; none at all')).toBe('No note; none at all')
  })

  test('says the errors that people meet most, with their reasons', () => {
    const file = '/a/사진 (1).jpg'
    const missing = noteOf('cannotRead', { file, reason: noteOf('noSuchFile', {}) })
    expect(missing).toBe('Cannot read /a/사진 (1).jpg: there is no such file or folder.')
    expect(notesIn('ko', missing)).toBe(
      '/a/사진 (1).jpg 파일을 읽을 수 없습니다: 그런 파일이나 폴더가 없습니다.',
    )
    const page = noteOf('noCheckpoint', { file: 'a.pt', reason: noteOf('webPage', {}) })
    expect(notesIn('ko', page)).toMatch(/^a\.pt을\(를\) 체크포인트로 읽을 수 없습니다: 웹 페이지입니다/)
    const why = noteOf('isMixture', { base: 'day', other: 'night' })
    expect(notesIn('ko', noteOf('notTrainable', { model: 'both', why }))).toContain('day이나 night')
  })

  test('names parts as the window does', () => {
    const names = { hat: '모자', ear_r: '귀걸이' } as Partial<Record<PartName, string>>
    const nameOf = (part: PartName): string => names[part] ?? part
    const few = noteOf('fewExamples', { parts: 'hat (2), ear_r (1)' })
    expect(noteIn('ko', few, nameOf)).toContain('모자 (2), 귀걸이 (1)')
    expect(noteIn('en', few, nameOf)).toBe(noteOf('fewExamples', { parts: '모자 (2), 귀걸이 (1)' }))
    // No list of parts, whatever it is called.
    expect(noteIn('en', noteOf('trainedHere', { model: 'hat', base: 'b' }), nameOf)).toMatch(/^hat was/)
  })

  test('that is none of them stays as it is', () => {
    expect(noteIn('ko', 'Something else happened.')).toBe('Something else happened.')
  })
})
