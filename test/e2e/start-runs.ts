/** `npm start -- --once --json` as a child process, whole, with its last line read. */
import { spawn } from 'node:child_process'

export interface StartResult {
  readonly hosts: number
  readonly links: number
  readonly backend: string
  readonly reachable: number
  readonly expected: number
  readonly forbidden: number
  readonly forbiddenChecked: number
  readonly interop: string | null
  readonly openPorts: readonly string[]
  readonly healMs: Readonly<Record<string, number | null>>
  readonly streamSurvived: boolean
  readonly hostUnchanged: boolean
  readonly convergeMs: number
}

export interface Started {
  readonly status: number | null
  readonly output: string
  /** The object of the last line; undefined when it is none. */
  readonly result: StartResult | undefined
}

export const NPM_START = ['npm', 'start', '--silent', '--', '--once', '--json']

export function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Started> {
  const [program = '', ...rest] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env })
    let [stdout, output] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part
      output += part
    })
    child.stderr.setEncoding('utf8').on('data', (part: string) => (output += part))
    child.on('error', reject)
    child.on('close', (status) => {
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      resolve({
        status,
        output,
        result: last.startsWith('{') ? (JSON.parse(last) as StartResult) : undefined,
      })
    })
  })
}
