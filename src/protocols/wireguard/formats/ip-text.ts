/**
 * Addresses, prefixes and endpoints as they stand in WireGuard's text formats, checked and brought to one
 * spelling: IPv4 as four decimals without leading zeros, IPv6 by RFC 4291 §2.2 in and RFC 5952 §4 out.
 * An IPv6 endpoint wears brackets; a prefix without a length is a whole address.
 */

export interface EndpointText {
  /** An address or a DNS name. IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Four or sixteen bytes, or undefined when it is no address. Zones are not addresses. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseInet6(text) : parseInet(text)
}

export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatInet6(bytes)
}

/** The same address in the one spelling, or undefined. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text)
  return bytes && formatAddress(bytes)
}

/** An address with its length, host bits kept: what stands in `Address`. */
export function canonicalInterfaceAddress(text: string): string | undefined {
  const parsed = parseWithLength(text)
  return parsed && `${formatAddress(parsed.bytes)}/${parsed.length}`
}

/** A prefix with its host bits cleared: what stands in `AllowedIPs`. */
export function canonicalPrefix(text: string): string | undefined {
  const parsed = parseWithLength(text)
  if (!parsed) return undefined
  const masked = parsed.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, parsed.length - index * 8))
    return byte & (0xff00 >> kept) & 0xff
  })
  return `${formatAddress(masked)}/${parsed.length}`
}

/** `host:port`, `192.0.2.1:51820`, `[2001:db8::1]:51820`, `[fe80::1%eth0]:51820`. */
export function parseEndpoint(text: string): EndpointText | undefined {
  const match = /^(?:\[([^\][]+)\]|([^:\][\s]+)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  if (port < 1 || port > 65535) return undefined
  if (match[1] !== undefined) {
    const [address = '', ...zone] = match[1].split('%')
    if (!address.includes(':') || zone.length > 1 || zone[0] === '') return undefined
    const host = canonicalAddress(address)
    return host === undefined ? undefined : { host: [host, ...zone].join('%'), port }
  }
  const name = match[2] ?? ''
  if (/^[\d.]+$/.test(name)) {
    const host = canonicalAddress(name)
    return host === undefined ? undefined : { host, port }
  }
  return isHostName(name) ? { host: name, port } : undefined
}

export function formatEndpoint(endpoint: EndpointText): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`
}

/** RFC 1123 §2.1, and the underscores that real zones have. */
export function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i.test(text)
  )
}

function parseWithLength(text: string): { bytes: Uint8Array; length: number } | undefined {
  const slash = text.indexOf('/')
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (!bytes) return undefined
  const whole = bytes.length * 8
  if (slash < 0) return { bytes, length: whole }
  const digits = text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > whole) return undefined
  return { bytes, length: Number(digits) }
}

function parseInet(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[index] = Number(part)
  }
  return bytes
}

function parseInet6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  // "::" stands for at least one group; without it all eight must be there.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const bytes = new Uint8Array(16)
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  for (const [index, group] of groups.entries()) {
    bytes[index * 2] = group >> 8
    bytes[index * 2 + 1] = group & 0xff
  }
  return bytes
}

function groupsOf(text: string, mayEndInInet: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const inet = mayEndInInet && index === parts.length - 1 ? parseInet(part) : undefined
      if (!inet) return undefined
      const [a = 0, b = 0, c = 0, d = 0] = inet
      groups.push(a * 256 + b, c * 256 + d)
    } else {
      if (!/^[\da-f]{1,4}$/i.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

/** RFC 5952 §4.2.3: the longest run of two or more zero groups is shortened, the first of equals. */
function formatInet6(bytes: Uint8Array): string {
  // §5: a prefix that is known to hold an IPv4 address shows it. Of those only ::ffff:0:0/96 is in use.
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return `::ffff:${bytes.subarray(12).join('.')}`
  }
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!)
  // RFC 5952 §5: an IPv4-mapped address keeps its decimals, as the kernel's tools print it.
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${bytes.subarray(12).join('.')}`
  }
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start += 1) {
    let end = start
    while (end < 8 && groups[end] === 0) end += 1
    if (end - start > best.length) best = { start, length: end - start }
    if (end > start) start = end
  }
  const hex = groups.map((group) => group.toString(16))
  if (best.start < 0) return hex.join(':')
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`
}
