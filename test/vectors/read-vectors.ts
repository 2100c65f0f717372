/** Reads the JSON files of this folder. Each names its public source; all bytes are in hexadecimal. */
import { readFileSync } from 'node:fs'

export interface VectorFile<Test> {
  readonly source: string
  readonly tests: readonly Test[]
}

export function readVectors<Test>(name: string): VectorFile<Test> {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as VectorFile<Test>
}

export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
