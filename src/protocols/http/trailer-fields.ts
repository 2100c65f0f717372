/**
 * Trailer fields (RFC 9110 §6.5): passed on, save those that would change what a head has already decided. Somebody who
 * merges them into the head must not get another length, host, credential or route out of it.
 */
import { FIELD } from './field-names.ts'
import { FieldSection } from './field-section.ts'
import { copyOctets, matches, octetsOf } from './octets.ts'
import { REFUSED } from './refusal.ts'

const MAX_TRAILER_FIELDS = 64
const FORBIDDEN = [
  ...['authorization', 'cookie', 'set-cookie', 'www-authenticate', 'age', 'cache-control', 'expires', 'date'],
  ...[
    'location',
    'retry-after',
    'vary',
    'warning',
    'max-forwards',
    'pragma',
    'range',
    'if-match',
    'if-none-match',
  ],
  ...[
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'content-encoding',
    'content-type',
    'content-range',
  ],
].map(octetsOf)
const section = new FieldSection(MAX_TRAILER_FIELDS)

/** Whether a trailer section, empty line included, is one. */
export function isTrailerSection(trailer: Uint8Array): boolean {
  return section.parse(trailer, 0, trailer.length) !== REFUSED
}

/** Writes the fields of a valid section that may pass at out[at…], without the empty line; where it ended. */
export function writeTrailerFields(out: Uint8Array, at: number, trailer: Uint8Array): number {
  if (section.parse(trailer, 0, trailer.length) <= 0) return at
  for (let index = 0; index < section.count; index++) {
    const start = section.nameStart(index)
    const end = section.nameEnd(index)
    if (section.kinds[index] !== FIELD.other || FORBIDDEN.some((name) => matches(trailer, start, end, name)))
      continue
    at = copyOctets(out, at, trailer, start, section.nextLine(index))
  }
  return at
}
