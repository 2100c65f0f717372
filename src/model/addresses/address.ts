/**
 * IP addresses as a family and a number. Text in: any form of RFC 4291 §2.2 or dotted quads without leading
 * zeros (RFC 6943 §3.1.1: a leading zero means octal to some readers). Text out: RFC 5952. No zones: a zone
 * names a link of one machine and cannot be planned.
 */

import { remember } from './remember.ts'

export type Family = 4 | 6

export interface Address {
  readonly family: Family
  readonly value: bigint
}

export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 }

const OCTET = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-fA-F]{1,4}$/

export const parseAddress = remember((text: string): Address | undefined => {
  if (text.length > 45) return undefined
  return text.includes(':') ? parseV6(text) : parseV4(text)
})

function parseV4(text: string): Address | undefined {
  const octets = text.split('.')
  if (octets.length !== 4) return undefined
  let value = 0
  for (const octet of octets) {
    if (!OCTET.test(octet) || Number(octet) > 255) return undefined
    value = value * 256 + Number(octet)
  }
  return { family: 4, value: BigInt(value) }
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  let value = 0n
  for (const group of head) value = (value << 16n) | BigInt(group)
  value <<= 16n * BigInt(missing)
  for (const group of tail) value = (value << 16n) | BigInt(group)
  return { family: 6, value }
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = mayEndInV4 && index === parts.length - 1 ? parseV4(part) : undefined
      if (v4 === undefined) return undefined
      groups.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn))
    } else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

export function formatAddress(address: Address): string {
  return address.family === 4 ? formatV4(Number(address.value)) : formatV6(address.value)
}

function formatV4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function formatV6(value: bigint): string {
  // RFC 5952 §5: an IPv4-mapped address keeps its dotted quad.
  if (value >> 32n === 0xffffn) return `::ffff:${formatV4(Number(value & 0xffffffffn))}`
  const groups: string[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16))
  const run = longestZeroRun(groups)
  if (run === undefined) return groups.join(':')
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.end).join(':')}`
}

/** RFC 5952 §4.2: the first of the longest runs, and never a run of one. */
function longestZeroRun(groups: readonly string[]): { start: number; end: number } | undefined {
  let best: { start: number; end: number } | undefined
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > Math.max(1, best === undefined ? 0 : best.end - best.start)) best = { start, end }
    start = Math.max(start, end - 1)
  }
  return best
}
