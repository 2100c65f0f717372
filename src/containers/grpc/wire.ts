/**
 * Protobuf without generated code: fields by number, taken from a message as they come. What is not asked for is
 * skipped, what is malformed makes the whole message undefined.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** The last value of each field, as the format demands; `bytes` are messages too. */
export interface Fields {
  text(number: number): string
  uint(number: number): number
  message(number: number): Fields | undefined
  bytes(number: number): Uint8Array | undefined
  /** Of a repeated field. */
  messages(number: number): readonly Fields[]
  /** Of a `map<string, string>`. */
  entry(number: number, key: string): string | undefined
}

type Value = number | Uint8Array

export const readFields = (bytes: Uint8Array): Fields | undefined => {
  const values = new Map<number, Value[]>()
  try {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      const value = readValue(reader, type, number)
      if (value === undefined) continue
      const before = values.get(number)
      if (before === undefined) values.set(number, [value])
      else before.push(value)
    }
  } catch {
    return undefined // A length or a tag that does not fit: not a message.
  }
  return fieldsOf(values)
}

/** `[number, value]`; empty values are left out, as the format has it. A Uint8Array is a message or bytes. */
export const writeFields = (
  fields: readonly (readonly [number, string | number | boolean | Uint8Array])[],
) => {
  const writer = new BinaryWriter()
  for (const [number, value] of fields) {
    if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value)
    else if (typeof value === 'number') writer.tag(number, WireType.Varint).uint64(value)
    else if (typeof value === 'boolean') writer.tag(number, WireType.Varint).bool(value)
    else writer.tag(number, WireType.LengthDelimited).bytes(value)
  }
  return writer.finish()
}

const readValue = (reader: BinaryReader, type: WireType, number: number): Value | undefined => {
  if (type === WireType.Varint) return Number(reader.uint64())
  if (type === WireType.LengthDelimited) return reader.bytes()
  reader.skip(type, number)
  return undefined
}

const fieldsOf = (values: ReadonlyMap<number, readonly Value[]>): Fields => {
  const last = (number: number): Value | undefined => values.get(number)?.at(-1)
  const bytes = (number: number): Uint8Array | undefined => {
    const value = last(number)
    return typeof value === 'number' ? undefined : value
  }
  const messages = (number: number): Fields[] =>
    (values.get(number) ?? []).flatMap((value) =>
      typeof value === 'number' ? [] : (readFields(value) ?? []),
    )
  return {
    bytes,
    messages,
    text: (number) => textOf(bytes(number)),
    uint: (number) => {
      const value = last(number)
      return typeof value === 'number' ? value : 0
    },
    message: (number) => messages(number).at(-1),
    entry: (number, key) =>
      messages(number)
        .findLast((pair) => pair.text(1) === key)
        ?.text(2),
  }
}

const decoder = new TextDecoder()
const textOf = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : decoder.decode(bytes))
