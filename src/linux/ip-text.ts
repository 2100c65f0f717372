/**
 * Addresses between the kernel's bytes and text. Text is canonical: IPv4 as four decimals, IPv6 as RFC 5952 says
 * (lower case, the longest run of zero groups shortened, an IPv4-mapped address with its last part in decimals),
 * never with a zone. A prefix is masked: `10.0.0.0/24`.
 */

/** 4 or 16 bytes in network order; undefined for any other length. */
export const formatAddress = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 4) return bytes.join('.')
  return bytes.length === 16 ? formatIPv6(bytes) : undefined
}

const formatIPv6 = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2))
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`
  }
  const hex = groups.map((group) => group.toString(16))
  const run = longestZeroRun(groups)
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

/** The first of the longest runs (RFC 5952 §4.2.3). */
const longestZeroRun = (groups: readonly number[]): { start: number; length: number } => {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  })
  return best
}

/** Undefined when the text is not one address. No zone, no leading zeros in IPv4. */
export const parseAddress = (text: string): Uint8Array | undefined =>
  text.includes(':') ? parseIPv6(text) : parseIPv4(text)

const parseIPv4 = (text: string): Uint8Array | undefined => {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts, Number)
}

const parseIPv6 = (text: string): Uint8Array | undefined => {
  const [left, right, ...more] = text.split('::')
  if (left === undefined || more.length > 0) return undefined
  const head = parseGroups(left, right === undefined)
  const tail = right === undefined ? [] : parseGroups(right, true)
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  if (right === undefined ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail])
}

/** Bytes of `a:b:c`; the last group may be IPv4 when `mayEndInIPv4`. */
const parseGroups = (text: string, mayEndInIPv4: boolean): number[] | undefined => {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const ipv4 = mayEndInIPv4 && index === groups.length - 1 ? parseIPv4(group) : undefined
      if (!ipv4) return undefined
      bytes.push(...ipv4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes.length <= 16 ? bytes : undefined
}

/** A prefix as the kernel sends it: the address may be missing (all zero) or carry host bits. */
export const formatPrefix = (address: Uint8Array, length: number): string | undefined => {
  if (length > address.length * 8) return undefined
  const text = formatAddress(maskAddress(address, length))
  return text === undefined ? undefined : `${text}/${length}`
}

export interface PrefixBytes {
  readonly address: Uint8Array
  readonly length: number
}

/** `10.0.0.0/24`; host bits are cleared. Undefined when it is not a prefix. */
export const parsePrefix = (text: string): PrefixBytes | undefined => {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  const digits = text.slice(slash + 1)
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined
  const length = Number(digits)
  return length > address.length * 8 ? undefined : { address: maskAddress(address, length), length }
}

export const maskAddress = (address: Uint8Array, length: number): Uint8Array =>
  address.map((byte, index) => {
    const bits = Math.max(0, Math.min(8, length - index * 8))
    return byte & (0xff00 >> bits) & 0xff
  })

/** The address's bytes, or a bug in the caller: what is to be sent to the kernel was validated long before. */
export const addressBytes = (text: string): Uint8Array => {
  const bytes = parseAddress(text)
  if (!bytes) throw new TypeError(`not an IP address: ${text}`)
  return bytes
}

export const prefixBytes = (text: string): PrefixBytes => {
  const prefix = parsePrefix(text)
  if (!prefix) throw new TypeError(`not a prefix: ${text}`)
  return prefix
}

export const hardwareAddressText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')

export const hardwareAddressBytes = (text: string): Uint8Array => {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new TypeError(`not a hardware address: ${text}`)
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}
