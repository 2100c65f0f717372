/**
 * The one place that loads native code: koffi, and through it the symbols of this process (libc, and the libuv
 * inside node). Loading waits for the first use, so importing `linux` costs nothing and `plan`, `generate` and
 * `validate` never load it.
 *
 * koffi can crash the process on a wrong signature: every declaration is in koffi-syscalls.ts, event-loop.ts,
 * packet-calls.ts, stream-calls.ts, evp-aead.ts, chacha-aead.ts, landlock.ts or malloc-trim.ts, and each is
 * called by a test.
 */
import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'

export type KoffiModule = typeof Koffi
export type KoffiLibrary = Koffi.LibraryHandle

let module: KoffiModule | undefined
let processLibrary: KoffiLibrary | undefined

export const koffi = (): KoffiModule => {
  module ??= createRequire(import.meta.url)('koffi') as KoffiModule
  return module
}

/** The symbols that are already in this process: no library is opened. */
export const processSymbols = (): KoffiLibrary => {
  processLibrary ??= koffi().load(null)
  return processLibrary
}
