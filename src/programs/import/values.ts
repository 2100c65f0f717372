/** Values as systemd and netplan write them → ours. Undefined: not understood, and so left out with a word about it. */
import { parseAddress, parseHostInPrefix } from '../../model/index.ts'

export type Take = (text: string) => string | number | boolean | undefined

export const flag: Take = (text) => {
  if (/^(1|yes|y|true|t|on)$/i.test(text)) return true
  return /^(0|no|n|false|f|off)$/i.test(text) ? false : undefined
}

export const not: Take = (text) => {
  const value = flag(text)
  return value === undefined ? undefined : !value
}

/** Decimal, or hexadecimal with 0x. */
export const whole: Take = (text) => (/^(\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : undefined)

const UNITS: Readonly<Record<string, number>> = {
  ...{ us: 1e-6, usec: 1e-6, ms: 1e-3, msec: 1e-3, s: 1, sec: 1, second: 1, seconds: 1, '': 1 },
  ...{ m: 60, min: 60, minute: 60, minutes: 60, h: 3600, hr: 3600, hour: 3600, hours: 3600 },
  ...{ d: 86_400, day: 86_400, days: 86_400, w: 604_800, week: 604_800, weeks: 604_800 },
}

const PART_OF_TIME = /(\d{1,9}(?:\.\d{1,6})?)(?![\d.])\s*([a-z]*)\s*/giy

/** systemd.time(7): `15`, `1min 30s`. */
export const seconds: Take = (text) => {
  if (text === '' || text.length > 60) return undefined
  let [sum, end] = [0, 0]
  // Part after part, each where the one before ends: a pattern for all of it would try every way to cut it up.
  for (const [part, number, unit = ''] of text.matchAll(PART_OF_TIME)) {
    const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined
    if (factor === undefined) return undefined
    sum += Number(number) * factor
    end += part.length
  }
  return end === text.length ? Math.round(sum * 100) / 100 : undefined
}

export const wholeSeconds: Take = (text) => {
  const value = seconds(text)
  return typeof value === 'number' ? Math.round(value) : undefined
}

/** `1500`, `9K`. */
export const bytes: Take = (text) => {
  const [, digits = '', suffix = ''] = /^(\d{1,6})([KM]?)$/.exec(text) ?? []
  if (digits === '') return undefined
  return Number(digits) * { '': 1, K: 1024, M: 1024 * 1024 }[suffix as '' | 'K' | 'M']
}

export const address: Take = (text) => (parseAddress(text) === undefined ? undefined : text)

/** `any` is no address at all. */
export const end: Take = (text) => (text === 'any' || text === '' ? '' : address(text))

export const prefix: Take = (text) => (parseHostInPrefix(text) === undefined ? undefined : text)

/** A number, or a dotted quad for the same 32 bits. */
export const key: Take = (text) => {
  const quad = parseAddress(text)
  return quad?.family === 4 ? Number(quad.value) : whole(text)
}

export const oneOf =
  (words: Readonly<Record<string, string>>): Take =>
  (text) =>
    Object.hasOwn(words, text.toLowerCase()) ? words[text.toLowerCase()] : undefined

export const vlanProtocol = oneOf({ '802.1q': '802.1Q', '802.1ad': '802.1ad' })

export const word: Take = (text) => (text === '' ? undefined : text)

const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 }

/** Of rt_tables(5), those that every machine has. */
export const table: Take = (text) => (Object.hasOwn(TABLES, text) ? TABLES[text] : whole(text))
