/** A program run to its end while a machine is prepared: its stdout, or an error that says what was being done. */
import { execFileSync } from 'node:child_process'
import { findTool } from '../../test/harness/tools.ts'

export function runTool(program: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(findTool(program) ?? program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 << 20,
      ...(cwd === undefined ? {} : { cwd }),
    })
  } catch (cause) {
    throw new Error(`cannot prepare the machine: ${program} ${args.join(' ')} failed`, { cause })
  }
}
