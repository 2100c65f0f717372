/**
 * Gives memory back that this process holds and does not need now: what malloc keeps for later, and pages of programs
 * and libraries that were touched once, for example by a start or by a compiler at run time.
 *
 * A page of a file that nobody wrote to is read again from the page cache when it is touched again (half a
 * microsecond for sixteen of them), and the kernel could take it at any time, too. A page with something private in it,
 * relocations for example, would be lost with MADV_DONTNEED: a mapping with even one of those is left alone.
 */
import { readFileSync } from 'node:fs'
import { processSymbols } from './koffi-library.ts'

/** <asm-generic/mman-common.h> */
const MADV_DONTNEED = 4

export interface Mapping {
  readonly address: number
  readonly length: number
}

interface Bound {
  madvise(address: number, length: number, advice: number): number
  /** Of glibc alone. */
  readonly mallocTrim: ((pad: number) => number) | undefined
}

let shared: Bound | undefined

function bound(): Bound {
  shared ??= {
    madvise: processSymbols().func('int madvise(intptr_t address, size_t length, int advice)'),
    mallocTrim: bindTrim(),
  }
  return shared
}

function bindTrim(): Bound['mallocTrim'] {
  try {
    return processSymbols().func('int malloc_trim(size_t pad)')
  } catch {
    return undefined
  }
}

/** How many bytes of mappings were let go of: 0 where the kernel does not say what is in them. Loads native code. */
export function forgetFilePages(): number {
  const text = readSmaps()
  if (text === undefined) return 0
  let total = 0
  for (const { address, length } of cleanFileMappings(text))
    if (bound().madvise(address, length, MADV_DONTNEED) === 0) total += length
  return total
}

/** Pages that malloc keeps and nobody uses. Loads native code. */
export function trimMalloc(): void {
  bound().mallocTrim?.(0)
}

function readSmaps(): string | undefined {
  try {
    return readFileSync('/proc/self/smaps', 'latin1')
  } catch {
    return undefined
  }
}

/** proc_pid_smaps(5): private mappings of files on disk, read-only, of which not one page is the process's own. */
export function cleanFileMappings(smaps: string): Mapping[] {
  const found: Mapping[] = []
  for (const block of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ \d+ +(\/.*)$/m.exec(block)
    if (head === null || /^\/(dev\/|memfd:|proc\/|sys\/)/.test(head[3] ?? '')) continue
    // A page that was swapped out is not counted as anonymous, and would be lost just the same.
    if (kilobytes(block, 'Anonymous') !== 0 || kilobytes(block, 'Swap') !== 0) continue
    if (kilobytes(block, 'Rss') === 0) continue
    const [address, end] = [Number.parseInt(head[1] ?? '', 16), Number.parseInt(head[2] ?? '', 16)]
    found.push({ address, length: end - address })
  }
  return found
}

/** NaN where it is not said, which is not 0. */
const kilobytes = (block: string, field: string): number =>
  Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(block)?.[1] ?? Number.NaN)
