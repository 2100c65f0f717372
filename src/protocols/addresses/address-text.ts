/**
 * IPv4 and IPv6 addresses between bytes in network order and text: RFC 4291 §2.2 in, RFC 5952 §4 and §5 out.
 * IPv4 is four decimals without leading zeros. Zones and brackets are no part of an address.
 */

const INET = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[\da-f]{1,4}$/i

/** Four or sixteen bytes, or undefined when it is no address. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseInet6(text) : parseInet(text)
}

/** Of four or sixteen bytes. */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatInet6(bytes)
}

/** The same address in the one spelling, or undefined. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text)
  return bytes && formatAddress(bytes)
}

export function addressesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

function parseInet(text: string): Uint8Array | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4 || !parts.every((part) => INET.test(part) && Number(part) <= 255)) return undefined
  return Uint8Array.from(parts, Number)
}

function parseInet6(text: string): Uint8Array | undefined {
  // RFC 4291 §2.2.3: the last two groups may be an IPv4 address.
  const inet = text.includes('.') ? parseInet(text.slice(text.lastIndexOf(':') + 1)) : undefined
  if (text.includes('.') && inet === undefined) return undefined
  const plain = inet === undefined ? text : text.slice(0, text.lastIndexOf(':') + 1) + lastGroups(inet)
  const halves = plain.split('::', 3)
  const head = groupsOf(halves[0] ?? '')
  const tail = groupsOf(halves[1] ?? '')
  const missing = 8 - head.length - tail.length
  // "::" stands for at least one group of zeros; without it all eight are there.
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => GROUP.test(group))) return undefined
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (const [index, group] of groups.entries()) view.setUint16(index * 2, Number.parseInt(group, 16))
  return bytes
}

function lastGroups(inet: Uint8Array): string {
  const hex = Array.from(inet, (byte) => byte.toString(16).padStart(2, '0'))
  return `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`
}

const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':', 9))

function formatInet6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2))
  // §5: a prefix that is known to hold an IPv4 address shows it. Of those only ::ffff:0:0/96 is in use.
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0))
    return `::ffff:${bytes.subarray(12).join('.')}`
  const { start, length } = longestZeros(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** RFC 5952 §4.2.3: the longest run, the first of equals. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue
    if (index - start > best.length) best = { start, length: index - start }
    start = index + 1
  }
  return best
}
