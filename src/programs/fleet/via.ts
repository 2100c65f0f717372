/**
 * Runs `warren …` on a node through whatever reaches it: `ssh root@{node}`, `docker exec -i {node}`. Results
 * come back on standard output, input goes in on standard input; nothing secret is ever an argument, because
 * arguments can be read by everybody on both machines.
 */
import { spawn } from 'node:child_process'
import { basename } from 'node:path'

import type { Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'
import { splitCommand } from './split-command.ts'

export interface Via {
  /** With `{node}` in it, already split. */
  readonly command: readonly string[]
  /** `warren`, or how to run it there. */
  readonly remote: readonly string[]
  readonly timeoutMs: number
}

export interface ViaOptions {
  readonly via?: string
  readonly remoteCommand: string
  readonly timeout: number
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

/** The node did not do it. The message names the node, the command, how it ended and its last words. */
export class NodeCommandFailed extends Error {
  override readonly name = 'NodeCommandFailed'
  readonly node: string
  /** How the command ended, if it did by itself. */
  readonly status: number | undefined
  constructor(node: string, message: string, status?: number) {
    super(printable(message))
    this.node = node
    this.status = status
  }

  /** warren ran there and said no. ssh(1) itself ends with 255, and of a command that hangs nothing is known. */
  get isRefusal(): boolean {
    return this.status !== undefined && this.status !== SSH_FAILED
  }
}

const SSH_FAILED = 255

/** Another machine's words must not steer this terminal, nor stand on it in another order than they are copied. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
}

export function parseVia(options: ViaOptions): Via {
  const problems: Problem[] = []
  const words = (flag: string, text: string | undefined): readonly string[] => {
    const split = splitCommand(text ?? '')
    if ('words' in split) return split.words
    problems.push({ code: 'InvalidArgument', path: flag, message: split.message, hint: VIA_HINT })
    return []
  }
  const command = words('--via', options.via)
  const remote = words('--remote-command', options.remoteCommand)
  if (problems.length === 0 && !command.some((word) => word.includes('{node}'))) {
    problems.push({
      code: 'InvalidArgument',
      path: '--via',
      message: 'it does not say {node}',
      hint: VIA_HINT,
    })
  }
  if (problems.length > 0) throw new BadInput(problems)
  return { command, remote, timeoutMs: options.timeout * 1000 }
}

/**
 * A connection of its own, whatever ssh(1) is set up to share: what was open before a change proves nothing about
 * those that come after it.
 */
export function freshly(via: Via): Via {
  const [program = '', ...rest] = via.command
  if (basename(program) !== 'ssh') return via
  return { ...via, command: [program, '-o', 'ControlPath=none', '-o', 'ConnectTimeout=10', ...rest] }
}

const VIA_HINT = "Say how to run a command on a node, as in --via 'ssh root@{node}'."

export function runOnNode(
  node: string,
  via: Via,
  { args, input = '' }: { readonly args: readonly string[]; readonly input?: string },
): Promise<string> {
  const [program = '', ...rest] = [
    ...via.command.map((word) => word.replaceAll('{node}', node)),
    ...via.remote,
    ...args,
  ]
  return new Promise((resolve, reject) => {
    const fail = (why: string, status?: number): void =>
      reject(new NodeCommandFailed(node, `${commandText([program, ...rest])} ${why}`, status))
    const child = spawn(program, rest, { stdio: 'pipe' })
    const timer = setTimeout(() => child.kill('SIGKILL'), via.timeoutMs)
    const output = collect(child.stdout, () => child.kill('SIGKILL'))
    const errors = collect(child.stderr, () => child.kill('SIGKILL'))
    // A command that ends without reading is told of by its status, not by our broken pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      fail(
        error.code === 'ENOENT'
          ? 'could not be started: there is no such program'
          : `could not be started: ${error.message}`,
      )
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      if (status === 0) return resolve(output())
      const words = lastLine(errors())
      const ended = signal === null ? `ended with status ${status}` : endedBy(signal, via.timeoutMs)
      fail(words === '' ? ended : `${ended}: ${words}`, status ?? undefined)
    })
  })
}

function endedBy(signal: string, timeoutMs: number): string {
  return signal === 'SIGKILL' ? `did not end within ${timeoutMs / 1000} s` : `was ended by ${signal}`
}

function collect(stream: NodeJS.ReadableStream, stop: () => void): () => string {
  const parts: Buffer[] = []
  let total = 0
  stream.on('data', (part: Buffer) => {
    total += part.length
    if (total > MAX_OUTPUT_BYTES) stop()
    else parts.push(part)
  })
  return () => Buffer.concat(parts).toString('utf8')
}

/** The last line that says something: hints are indented, and warren itself ends with a count. */
function lastLine(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => /^\S/.test(line) && !/^\d+ (?:error|warning)s?\b/.test(line))
  return (lines.at(-1) ?? '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 300)
}

function commandText(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}
