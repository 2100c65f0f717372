/** Keeps what was allocated, when it changed. The text is sorted, so an unchanged lock is not written again. */
import { type Allocations, formatAllocations } from '../../model/index.ts'
import type { Inputs } from '../files/inputs.ts'
import { writeTextAtomically } from '../files/write-text.ts'

/** True when the file was written. */
export function writeLock(inputs: Pick<Inputs, 'lockFile' | 'lockText'>, allocations: Allocations): boolean {
  const text = formatAllocations(allocations)
  if (text === inputs.lockText) return false
  writeTextAtomically(inputs.lockFile, text)
  return true
}
