/** Methods by number (RFC 9110 §9), and what may be said of them without knowing the resource. */
import { octetsOf, textOf } from './octets.ts'

export const METHOD = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  options: 6,
  connect: 7,
  trace: 8,
} as const

const BY_NUMBER = Object.entries(METHOD)
  .toSorted(([, a], [, b]) => a - b)
  .map(([name]) => octetsOf(name.toUpperCase()))
const NAMES = BY_NUMBER.map((octets) => textOf(octets, 0, octets.length))

/** Names are case-sensitive: `get` is another method. */
export function methodOf(bytes: Uint8Array, start: number, end: number): number {
  for (let number = 1; number < BY_NUMBER.length; number++) {
    const name = BY_NUMBER[number]!
    if (name.length !== end - start) continue
    let at = 0
    while (at < name.length && bytes[start + at] === name[at]) at++
    if (at === name.length) return number
  }
  return METHOD.other
}

/** RFC 9110 §9.2.2: sending it twice means the same as once. */
export function isIdempotent(method: number): boolean {
  return method !== METHOD.other && method !== METHOD.post && method !== METHOD.connect
}

export interface MethodPlace {
  readonly method: number
  readonly bytes: Uint8Array
  readonly methodStart: number
  readonly methodEnd: number
}

export function methodName({ method, bytes, methodStart, methodEnd }: MethodPlace): string {
  return method === METHOD.other ? textOf(bytes, methodStart, methodEnd) : NAMES[method]!
}
