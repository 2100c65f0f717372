/**
 * How one setting of a link kind travels inside IFLA_INFO_DATA: which attributes carry it, and how its value is
 * written and read. The kinds' own files are tables of these.
 *
 * A field mostly is one setting in one attribute; but an address has an attribute per family, a range of ports is two
 * settings in one attribute, and a GRE key needs a flag in another attribute to count.
 */
import { addressBytes, formatAddress } from '../../ip-text.ts'
import type { AttributeCursor, MessageWriter } from '../../netlink/index.ts'

/** What a link kind can be told, in the kernel's words in camelCase. Times are seconds. */
export type LinkSettings = Readonly<Record<string, string | number | boolean>>

export interface SettingField {
  readonly settings: readonly string[]
  readonly attributes: readonly number[]
  /** Called when at least one of its settings is there. */
  readonly encode: (writer: MessageWriter, settings: LinkSettings) => void
  /** Adds what the attribute says, and nothing where the kernel's zero means "none". */
  readonly decode: (attribute: AttributeCursor, into: Record<string, string | number | boolean>) => void
}

interface NumberCodec {
  readonly write: (writer: MessageWriter, type: number, value: number) => unknown
  readonly read: (attribute: AttributeCursor) => number | undefined
}

const NUMBERS = {
  u8: { write: (w, type, value) => w.attributeU8(type, value), read: (a) => a.u8() },
  u16: { write: (w, type, value) => w.attributeU16(type, value), read: (a) => a.u16() },
  u32: { write: (w, type, value) => w.attributeU32(type, value), read: (a) => a.u32() },
  be16: { write: (w, type, value) => w.attributeU16BigEndian(type, value), read: (a) => a.u16BigEndian() },
  be32: { write: (w, type, value) => w.attributeU32BigEndian(type, value), read: (a) => a.u32BigEndian() },
} as const satisfies Record<string, NumberCodec>

export type NumberForm = keyof typeof NUMBERS

/** A setting that is absent or of another type is a bug in the caller: it was validated long before. */
export const numberOf = (settings: LinkSettings, name: string): number => {
  const value = settings[name]
  if (typeof value !== 'number') throw new TypeError(`link setting ${name} is not a number: ${value}`)
  return value
}

const textOf = (settings: LinkSettings, name: string): string => {
  const value = settings[name]
  if (typeof value !== 'string') throw new TypeError(`link setting ${name} is not a text: ${value}`)
  return value
}

const booleanOf = (settings: LinkSettings, name: string): boolean => {
  const value = settings[name]
  if (typeof value !== 'boolean') throw new TypeError(`link setting ${name} is not true or false: ${value}`)
  return value
}

export const number = (name: string, attribute: number, form: NumberForm): SettingField => ({
  settings: [name],
  attributes: [attribute],
  encode: (writer, settings) => void NUMBERS[form].write(writer, attribute, numberOf(settings, name)),
  decode: (cursor, into) => {
    const value = NUMBERS[form].read(cursor)
    if (value !== undefined) into[name] = value
  },
})

/** Seconds here, hundredths of a second there: clock_t at the USER_HZ of every machine we run on. */
export const centiseconds = (name: string, attribute: number): SettingField => ({
  settings: [name],
  attributes: [attribute],
  encode: (writer, settings) =>
    void writer.attributeU32(attribute, Math.round(numberOf(settings, name) * 100)),
  decode: (cursor, into) => {
    const value = cursor.u32()
    if (value !== undefined) into[name] = value / 100
  },
})

export const boolean = (name: string, attribute: number, form: NumberForm = 'u8'): SettingField => ({
  settings: [name],
  attributes: [attribute],
  encode: (writer, settings) =>
    void NUMBERS[form].write(writer, attribute, booleanOf(settings, name) ? 1 : 0),
  decode: (cursor, into) => {
    const value = NUMBERS[form].read(cursor)
    if (value !== undefined) into[name] = value !== 0
  },
})

/** Numbers that have names: `802.1Q` is 0x8100. An unknown number is shown as nothing. */
export const word = (
  name: string,
  {
    attribute,
    form,
    words,
  }: { attribute: number; form: NumberForm; words: Readonly<Record<string, number>> },
): SettingField => ({
  settings: [name],
  attributes: [attribute],
  encode: (writer, settings) => {
    const text = textOf(settings, name)
    const value = words[text]
    if (value === undefined) throw new TypeError(`link setting ${name} cannot be ${text}`)
    NUMBERS[form].write(writer, attribute, value)
  },
  decode: (cursor, into) => {
    const value = NUMBERS[form].read(cursor)
    const known = Object.entries(words).find(([, number]) => number === value)
    if (known) into[name] = known[0]
  },
})

/** The index of another link; 0 is none. Names are resolved before. */
export const linkIndex = (attribute: number): SettingField => ({
  settings: ['link'],
  attributes: [attribute],
  encode: (writer, settings) => void writer.attributeU32(attribute, numberOf(settings, 'link')),
  decode: (cursor, into) => {
    const index = cursor.u32()
    if (index !== undefined && index !== 0) into['link'] = index
  },
})

/** One attribute for 4 or 16 bytes, or one for each family. The address of zeros is none. */
export const address = (name: string, attribute: number, inet6 = attribute): SettingField => ({
  settings: [name],
  attributes: inet6 === attribute ? [attribute] : [attribute, inet6],
  encode: (writer, settings) => {
    const bytes = addressBytes(textOf(settings, name))
    writer.attributeBytes(bytes.length === 4 ? attribute : inet6, bytes)
  },
  decode: (cursor, into) => {
    const bytes = cursor.bytes()
    const text = bytes.some((byte) => byte !== 0) ? formatAddress(bytes) : undefined
    if (text !== undefined) into[name] = text
  },
})
