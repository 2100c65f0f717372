/** What `warren lab status`, `exec` and `down` do: read a lab's note outside, and act on what it says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import {
  enterWords,
  isAlive,
  labNames,
  type LabState,
  readLabState,
  removeLabFolder,
} from '../../lab/index.ts'
import type { Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'
import { paintFor } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { binFolder, sayingWhatIsMissing } from './lab-process.ts'

export async function runLabStatus(only: string | undefined, { output }: { output: string }): Promise<void> {
  const names = knownLabs().filter((name) => only === undefined || name === only)
  if (only !== undefined && names.length === 0) throw noSuch(`there is no lab ${only}`, knownLabs())
  const labs = names.map((name) => ({ name, state: readLabState(name) }))
  const terminal = standardOutput()
  if (output === 'json') {
    const list = labs.map(({ name, state }) => ({
      name,
      alive: state !== undefined && isAlive(state),
      ...state,
    }))
    terminal.write(`${JSON.stringify(list, undefined, 2)}\n`)
    return
  }
  const paint = paintFor(terminal)
  const rows = labs.map(({ name, state }) => [
    paint.bold(name),
    state === undefined ? paint.yellow('unfinished') : isAlive(state) ? paint.green('up') : paint.red('gone'),
    state?.startedAt ?? '',
    state?.machines
      .filter((m) => m.role === 'host')
      .map((m) => m.name)
      .join(' ') ?? '',
  ])
  terminal.write(
    rows.length === 0 ? 'No lab is up.\n' : formatTable(['LAB', 'STATE', 'SINCE', 'HOSTS'], rows, paint),
  )
}

export async function runLabExec(o: {
  name: string
  machine: string
  command: readonly string[]
}): Promise<void> {
  const state = readLabState(o.name)
  if (state === undefined || !isAlive(state)) {
    const up = labNames().filter((name) => isUp(readLabState(name)))
    throw noSuch(`no lab ${o.name} is up`, up)
  }
  const machine = state.machines.find((one) => one.name === o.machine)
  if (machine === undefined) {
    throw noSuch(
      `the lab ${o.name} has no machine ${o.machine}`,
      state.machines.map((one) => one.name),
    )
  }
  const [program = '', ...rest] = [...enterWords(state, machine), ...o.command]
  const path = [binFolder(), process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(':')
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  // Ctrl-C is the command's to handle; we end when it does.
  process.on('SIGINT', () => {})
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
  process.exitCode = status ?? (signal === null ? 1 : 130)
}

export async function runLabDown(name: string | undefined, { all }: { all?: true }): Promise<void> {
  const known = knownLabs()
  const names = all === true ? known : name === undefined ? [] : [name]
  if (all !== true && (name === undefined || !known.includes(name))) {
    throw noSuch(name === undefined ? 'no lab was named' : `there is no lab ${name}`, known)
  }
  for (const one of names) {
    const state = readLabState(one)
    if (state !== undefined) await end(state)
    removeLabFolder(one)
    standardOutput().write(`The lab ${one} is gone.\n`)
  }
}

function isUp(state: LabState | undefined): boolean {
  return state !== undefined && isAlive(state)
}

/** Also the check that the folder they are noted in is this user's own. */
function knownLabs(): string[] {
  return sayingWhatIsMissing(labNames)
}

/** Its first process takes everything with it. */
async function end(state: LabState): Promise<void> {
  if (isAlive(state)) process.kill(state.pid, 'SIGKILL')
  while (isAlive(state)) await pause(20)
}

function noSuch(message: string, known: readonly string[]): BadInput {
  const hint = known.length === 0 ? 'See: warren lab status' : `There is: ${known.join(', ')}`
  const problem: Problem = { code: 'InvalidArgument', path: 'lab', message, hint }
  return new BadInput([problem])
}
