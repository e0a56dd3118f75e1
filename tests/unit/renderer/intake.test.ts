/** @file Model files on their way in, over the real app: what is asked of each, looking, accepting, giving up. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/renderer/src/backend'
import { Intake } from '../../../src/renderer/src/state/intake.svelte'
import { Jobs } from '../../../src/renderer/src/state/jobs.svelte'
import { withClasses } from '../../../src/renderer/src/state/onnx-draft'
import type { App } from '../../../src/main/app/app'
import type { ModelInfo } from '../../../src/shared/answers'
import { FacetError } from '../../../src/shared/errors'
import { CLASS_ORDERS } from '../../../src/shared/labels'
import { makeApp, suiteFolder } from '../../helpers/app'
import { withoutNotes } from '../../helpers/colour_parser'
import { writeMobilenet } from '../../helpers/segface'

describe('intake', () => {
  let suite: Awaited<ReturnType<typeof suiteFolder>>
  let app: App
  let intake: Intake
  let paths: Record<'known' | 'unknown' | 'eleven' | 'picture', string>

  /** As a browser does it: the file's bytes are sent, and given up at the end. */
  function overHttp(): Backend {
    return {
      call: (method, request) => app.call(method, request),
      on: (event, listener) => app.on(event, listener),
      mediaUrl: () => '',
      pickFolder: () => null,
      pathOf: async (file, onProgress, signal) => {
        onProgress(0, file.size)
        if (signal.aborted) throw new FacetError('cancelled', 'The import was cancelled.')
        return app.receive(file.name, file.stream(), file.size)
      },
      giveUp: (path) => app.discard(path),
      host: 'browser',
    }
  }

  const ids = async () => (await app.call('models.list', {})).models.map(({ id }) => id)
  const uploads = () => readdir(join(suite.path, 'data', 'uploads'))
  const file = async (path: string, name: string) => new File([new Uint8Array(await readFile(path))], name)
  const asked = () => expect.poll(() => intake.question?.kind, { timeout: 30_000 })

  beforeAll(async () => {
    suite = await suiteFolder()
    app = makeApp(join(suite.path, 'data'))
    await app.call('settings.write', { provider: 'cpu' })
    const at = (name: string) => join(suite.path, name)
    paths = {
      known: at('known.onnx'),
      unknown: at('unknown.onnx'),
      eleven: at('model_7.pt'),
      picture: at('a.onnx'),
    }
    const { id } = (await app.call('models.list', {})).models[0] as ModelInfo
    await app.call('models.export', { model: id, format: 'onnx', out: paths.known })
    await writeFile(paths.unknown, withoutNotes(await readFile(paths.known)))
    await writeMobilenet(paths.eleven, 11)
    await writeFile(paths.picture, 'GIF89a')
  })

  afterAll(async () => {
    await app.dispose()
    await suite.remove()
  })

  beforeEach(() => {
    intake = new Intake(overHttp(), new Jobs(overHttp()))
  })

  test('what is wrong with a file that was handed over is said of its own name', async () => {
    const said = intake.take(await file(paths.picture, 'holiday.pt'))
    await expect(said).rejects.toThrow(/holiday\.pt/)
    await expect(said).rejects.not.toThrow(/uploads/)
  })

  test('a file that says what it is, and whose masks look like a face, is imported unasked', async () => {
    const model = await intake.take(paths.known)
    expect(model).toMatchObject({ name: 'known', arch: 'mobilenet-onnx', classes: 19 })
    expect([intake.name, intake.question, intake.draft]).toEqual([null, null, null])
  })

  test('an ONNX file that nobody knows is looked at until its masks are a face', async () => {
    const taken = intake.take(await file(paths.unknown, 'unknown.onnx'))
    await asked().toBe('onnx')
    await expect.poll(() => intake.looking, { timeout: 30_000 }).toBe(false)
    expect(intake.hints).toContain('lips-swapped')
    expect(intake.look?.channels).toHaveLength(512 * 512)
    const look = intake.look
    if (!intake.draft) throw new Error('No draft')
    intake.say(withClasses(intake.draft, CLASS_ORDERS.segface))
    expect([intake.hints, intake.look]).toEqual([[], look])
    intake.accept()
    expect(await taken).toMatchObject({ name: 'unknown', arch: 'onnx', classSet: 'other' })
    expect(await uploads()).toEqual([])
  })

  test('which dataset a checkpoint of 11 classes is of is asked, for its tensors do not tell', async () => {
    const taken = intake.take(await file(paths.eleven, 'model_7.pt'))
    await asked().toBe('dataset')
    intake.answerDataset('helen')
    expect(await taken).toMatchObject({ name: 'model_7', classSet: 'helen', classes: 11 })
  })

  test('what is given up while it is asked about, or on its way, leaves nothing', async () => {
    const before = await ids()
    const taken = intake.take(await file(paths.unknown, 'again.onnx'))
    await asked().toBe('onnx')
    await intake.cancel()
    expect(await taken).toBeNull()

    const sent = intake.take(await file(paths.unknown, 'again.onnx'))
    await intake.cancel()
    expect(await sent).toBeNull()
    expect([intake.name, intake.question]).toEqual([null, null])
    expect(await ids()).toEqual(before)
    await expect.poll(uploads).toEqual([])
  })

  test('a wrong file is a sentence, and the next can come', async () => {
    await expect(intake.take(await file(paths.picture, 'a.onnx'))).rejects.toMatchObject({
      message: expect.stringMatching(/a\.onnx .* a picture \(GIF\), not a model\.$/) as string,
    })
    expect(await uploads()).toEqual([])
    expect(await intake.take(paths.known)).toMatchObject({ name: 'known' })
  })

  test('one file at a time', async () => {
    const first = intake.take(paths.eleven)
    await expect(intake.take(paths.known)).rejects.toMatchObject({
      message: 'model_7.pt is being imported; known.onnx can be next.',
    })
    await asked().toBe('dataset')
    await intake.cancel()
    expect(await first).toBeNull()
  })
})
