/** Programs that end: their status and what they said. */
import { spawn } from 'node:child_process'

export interface Ran {
  readonly status: number | null
  readonly output: string
}

export function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const [program = '', ...rest] = command
  return new Promise((resolve) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env })
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.stderr.on('data', (part: Buffer) => parts.push(part))
    child.on('error', (error) => resolve({ status: null, output: error.message }))
    child.on('exit', (status) => {
      // Not `close`: a daemon that the program left behind may keep the pipes open.
      setImmediate(() => resolve({ status, output: Buffer.concat(parts).toString('utf8') }))
    })
  })
}

/** What of the caller's own settings counts in a lab too: which Node, and how patient to be. */
const KEPT = new Set(['WARREN_NODE', 'WARREN_PATIENCE'])

/**
 * With `warren` in PATH and the folders where Debian keeps what only root uses; without the caller's own settings,
 * which are about the caller's machine.
 */
export function environment(binFolder: string): NodeJS.ProcessEnv {
  const path = [binFolder, process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(':')
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('WARREN_') || KEPT.has(name),
  )
  return { ...Object.fromEntries(inherited), PATH: path, NO_COLOR: '1' }
}
