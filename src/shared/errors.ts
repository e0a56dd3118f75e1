/** @file Errors as data: the closed list of codes, what each means for a door (HTTP status, exit code), and how errors cross a border. */

/** Every code an error of ours may carry, with the HTTP status the server door answers. */
export const ERROR_CODES = {
  internal: 500,
  usage: 400,
  'request/invalid': 400,
  'request/unknown-method': 404,
  'request/denied': 403,
  'not-found': 404,
  conflict: 409,
  cancelled: 409,
  'file/unreadable': 404,
  'file/malformed': 422,
  'file/unwritable': 403,
  'checkpoint/malformed': 422,
  'checkpoint/forbidden': 422,
  'checkpoint/missing-tensor': 422,
  'model/unknown': 404,
  'model/unsupported': 422,
  'download/unreachable': 502,
  'download/malformed': 422,
  'graph/invalid': 500,
  'image/unreadable': 422,
  'dataset/malformed': 422,
  'store/newer': 409,
  'store/damaged': 422,
  'store/busy': 409,
  'engine/crashed': 503,
  'engine/failed': 500,
  'provider/unusable': 422,
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** Plain details that help a script: file, found, expected, … Values must survive JSON. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>

/** What travels over IPC, HTTP and the engine's pipe. */
export interface WireError {
  code: ErrorCode
  message: string
  details: ErrorDetails
}

/**
 * An error a person may read: its message is one sentence that names the file or thing, what was found,
 * what was expected and, where there is something to do, what to do.
 */
export class FacetError extends Error {
  override readonly name = 'FacetError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)
}

/** Any thrown value as wire data; what is not ours becomes `internal` and keeps its message. */
export function toWire(error: unknown): WireError {
  if (error instanceof FacetError) return { code: error.code, message: error.message, details: error.details }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), details: {} }
}

/** What a job that was given up rejects with. */
export function cancelled(): FacetError {
  return new FacetError('cancelled', 'The job was cancelled.')
}

/** The error again on the other side; unknown codes become `internal`. */
export function fromWire(wire: { code: unknown; message: unknown; details?: unknown }): FacetError {
  const details = (
    typeof wire.details === 'object' && wire.details !== null ? wire.details : {}
  ) as ErrorDetails
  return new FacetError(isErrorCode(wire.code) ? wire.code : 'internal', String(wire.message), details)
}
