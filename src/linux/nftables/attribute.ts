/**
 * Netlink attributes as a tree, the way nf_tables nests them: rule → expressions → expression → data → value.
 * Numbers are big-endian here, unlike in rtnetlink.
 */
import type { MessageWriter } from '../netlink/message-writer.ts'

export interface Attribute {
  readonly type: number
  readonly value: Uint8Array | readonly Attribute[]
}

export function u32(type: number, value: number): Attribute {
  return { type, value: bytes32(value) }
}

export function text(type: number, value: string): Attribute {
  return { type, value: new TextEncoder().encode(`${value}\0`) }
}

export function nested(type: number, value: readonly Attribute[]): Attribute {
  return { type, value }
}

export function bytes32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

export function bytes16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 255, value & 255)
}

export function writeAttributes(writer: MessageWriter, attributes: readonly Attribute[]): void {
  for (const { type, value } of attributes) {
    if (value instanceof Uint8Array) writer.attributeBytes(type, value)
    else writer.nest(type, (inner) => writeAttributes(inner, value))
  }
}
