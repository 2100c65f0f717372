/**
 * What is known outside about a lab: one folder in RUN with its state and a script that enters its machines.
 *
 *   RUN/NAME/state.json      who holds it and which machines it has
 *   RUN/NAME/enter           sh RUN/NAME/enter MACHINE COMMAND…
 *
 * RUN is /run/warren-lab for root; else $XDG_RUNTIME_DIR/warren-lab, or a folder in /tmp that only the user enters.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { LabRefusal } from '../topology/lab-refusal.ts'
import { startTimeOf } from './keeper.ts'
import { isRoot } from './requirements.ts'

export interface LabState {
  readonly name: string
  readonly file: string
  /** The first process of the lab's pid namespace, numbered outside, and when it started. */
  readonly pid: number
  readonly startTime: string
  readonly startedAt: string
  readonly machines: readonly LabMachineState[]
}

export interface LabMachineState {
  readonly name: string
  readonly role: string
  readonly site: string | undefined
  readonly addresses: readonly string[]
  /** Numbered inside the lab's pid namespace. */
  readonly pid: number
}

export function runFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['WARREN_LAB_RUN']
  if (own !== undefined && own !== '') return own
  if (isRoot()) return '/run/warren-lab'
  const runtime = env['XDG_RUNTIME_DIR']
  const usable = runtime !== undefined && runtime !== '' && existsSync(runtime)
  if (usable) return join(runtime, 'warren-lab')
  const folder = `/tmp/warren-lab-${process.getuid?.() ?? 0}`
  refuseForeign(folder)
  return folder
}

/**
 * Anybody can make a folder of this name in /tmp first, and what is in it is run and killed by what it says. One that
 * is not there yet is fine: `makeLabFolder` asks again once it has made it.
 */
export function refuseForeign(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (found === undefined) return
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return
  throw new LabRefusal(`cannot use ${folder}: somebody else made it, or may write to it`)
}

export function labFolder(name: string): string {
  return join(runFolder(), name)
}

/** Fails with EEXIST when a lab of this name is there. */
export function makeLabFolder(name: string): string {
  mkdirSync(runFolder(), { recursive: true, mode: 0o700 })
  refuseForeign(runFolder())
  const folder = labFolder(name)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

export function removeLabFolder(name: string): void {
  rmSync(labFolder(name), { recursive: true, force: true })
}

export function writeLabState(state: LabState): void {
  const folder = labFolder(state.name)
  writeFileSync(join(folder, 'enter'), enterScript(state), { mode: 0o700 })
  writeFileSync(join(folder, 'state.json.new'), `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(join(folder, 'state.json.new'), join(folder, 'state.json'))
}

export function readLabState(name: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(join(labFolder(name), 'state.json'), 'utf8')) as LabState
  } catch {
    return undefined // still being made, or what a crash left
  }
}

export function labNames(): string[] {
  return existsSync(runFolder()) ? readdirSync(runFolder()).toSorted() : []
}

/** The lab's first process is still the one that was started. */
export function isAlive(state: LabState): boolean {
  return startTimeOf(state.pid) === state.startTime
}

/**
 * The words that run a command on a machine, from outside: into the lab, then into the machine, whose process
 * number means something only there. Without root the user's own credentials are root's in the lab.
 */
export function enterWords(state: LabState, machine: LabMachineState): string[] {
  const user = isRoot() ? [] : ['--user', '--preserve-credentials']
  const lab = ['nsenter', '--target', String(state.pid), ...user, '--mount', '--pid', '--net', '--']
  return [...lab, 'nsenter', '--target', String(machine.pid), '--mount', '--net', '--uts', '--']
}

function enterScript(state: LabState): string {
  const cases = state.machines.map(
    (m) => `  ${m.name}) shift; exec ${enterWords(state, m).join(' ')} "$@" ;;`,
  )
  return `#!/bin/sh
# Runs a command on a machine of the lab ${state.name}: sh enter MACHINE COMMAND…
case \${1:-} in
${cases.join('\n')}
  *) echo "this lab has no machine '\${1:-}'" >&2; exit 2 ;;
esac
`
}
