/** Gives pages back that malloc keeps for later and nobody uses (malloc_trim(3); glibc alone has it). */
import { processSymbols } from './koffi-library.ts'

let shared: ((pad: number) => number) | null | undefined

/** Loads native code. Without glibc, it does nothing. */
export function trimMalloc(): void {
  shared = shared === undefined ? bind() : shared
  shared?.(0)
}

function bind(): ((pad: number) => number) | null {
  try {
    return processSymbols().func('int malloc_trim(size_t pad)')
  } catch {
    return null
  }
}
