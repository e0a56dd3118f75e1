/** @file A window's backend of the answers that a test gives, without news. */
import type { Backend } from '../../../src/renderer/src/backend'
import { FacetError } from '../../../src/shared/errors'
import type { Method } from '../../../src/shared/requests'

export type Answers = Partial<Record<Method, (request: Record<string, unknown>) => unknown>>

/** Also notes what was asked. Another method than those answered throws `internal`. */
export function answering(answers: Answers): {
  backend: Backend
  asked: { method: Method; request: unknown }[]
} {
  const asked: { method: Method; request: unknown }[] = []
  const backend: Backend = {
    async call(method, request) {
      asked.push({ method, request })
      const answer = answers[method]
      if (!answer) throw new FacetError('internal', `${method} was not expected`)
      return (await answer(request as Record<string, unknown>)) as never
    },
    on: () => () => undefined,
    mediaUrl: () => '',
    pickFolder: () => null,
    pathOf: () => Promise.reject(new FacetError('internal', 'No file was expected')),
    giveUp: () => Promise.resolve(),
    host: 'browser',
  }
  return { backend, asked }
}
