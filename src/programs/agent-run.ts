/** What `warren agent` does, once it is to do something. */
import { lookup } from 'node:dns/promises'
import { statSync } from 'node:fs'
import {
  Agent,
  answers,
  createLogger,
  LinuxHost,
  loadBounds,
  observeRouting,
  sshSession,
  systemBootClock,
  systemClock,
  takeRunLock,
  type AgentOptions,
  type Logger,
  type SafetyOptions,
} from '../agent/index.ts'
import { loadSyscalls } from '../linux/index.ts'
import { render } from '../reconcile/index.ts'
import { FileSource, type Source } from '../sources/index.ts'
import type { AgentFlags } from './agent.ts'
import { BadInput, CheckFailed, MissingHere } from './exit.ts'
import { notesOn } from './planning/notes.ts'

export const runAgent = async (flags: AgentFlags): Promise<void> => {
  checkFlags(flags)
  const source = openSource(flags.source)
  const bounds = await loadBounds(flags.config)
  if (bounds.kind === 'problems') throw new BadInput(bounds.problems)
  const lock = flags.dryRun ? undefined : takeLock(flags.runDir)
  const host = openHost(flags)
  try {
    const agent = new Agent(options(flags, host, source))
    if (flags.dryRun) await dryRun(agent, flags)
    else if (flags.once) await once(agent, flags)
    else await resident(agent)
    if (flags.removeOnExit && !flags.dryRun) await agent.remove()
  } finally {
    host.close()
    lock?.close()
  }
}

const checkFlags = (flags: AgentFlags): void => {
  const wrong = (path: string, message: string): never => {
    throw new BadInput([{ code: 'InvalidValue', path, message }])
  }
  if (!['auto', 'kernel', 'userspace'].includes(flags.backend))
    wrong('--backend', 'expected auto, kernel or userspace')
  if (!(Number(flags.resync) > 0)) wrong('--resync', 'expected a number of seconds')
  if (flags.confirmWithin !== undefined && !flags.once)
    wrong('--confirm-within', 'goes with --once; an agent that stays gets its changes from `warren push`')
}

const takeLock = (runDir: string): { close(): void } => {
  let lock: { close(): void } | undefined
  try {
    lock = takeRunLock(loadSyscalls(), runDir)
  } catch (error) {
    throw new MissingHere(`cannot use the run directory: ${(error as Error).message}`)
  }
  if (lock === undefined) throw new MissingHere(`another agent runs already with the run directory ${runDir}`)
  return lock
}

const openHost = (flags: AgentFlags): LinuxHost => {
  const log = logger(flags)
  try {
    return LinuxHost.open({
      backend: flags.backend,
      runDir: flags.runDir,
      stateDir: flags.stateDir,
      onSlow: (what, tookMs) => log.warn('the kernel kept us waiting', { what, tookMs }),
      ...(flags.userspace === undefined ? {} : { deviceCommand: flags.userspace.split(/\s+/) }),
    })
  } catch (error) {
    throw new MissingHere((error as Error).message)
  }
}

const options = (flags: AgentFlags, host: LinuxHost, source: Source): AgentOptions => ({
  node: flags.node,
  source,
  host,
  clock: systemClock,
  log: logger(flags),
  lookup: async (name) => (await lookup(name, { all: true, order: 'verbatim' })).map((a) => a.address),
  stateDir: flags.stateDir,
  runDir: flags.runDir,
  boundsPath: flags.config,
  resyncMs: Number(flags.resync) * 1000,
  enforceBackend: flags.backend !== 'auto',
  safety: safetyOf(flags),
})

const safetyOf = ({ once, dryRun, confirmWithin }: AgentFlags): SafetyOptions => {
  const sys = loadSyscalls()
  const session = once || dryRun ? sshSession() : undefined
  return {
    routing: () => observeRouting(sys),
    boot: systemBootClock,
    answers: (target) => answers(sys, target, { timeoutMs: 1000 }),
    ...(confirmWithin === undefined ? {} : { withinMs: Number(confirmWithin) * 1000 }),
    ...(session === undefined ? {} : { session }),
  }
}

const openSource = (text: string): Source => {
  const match = /^file:(.+)$/.exec(text)
  if (match?.[1] === undefined)
    throw new BadInput([
      {
        code: 'InvalidValue',
        path: '--source',
        message: `${text} is not a source`,
        hint: 'Write file:DIR.',
      },
    ])
  const [, dir] = match
  if (isFile(dir))
    throw new BadInput([
      { code: 'InvalidValue', path: '--source', message: `${dir} is a file; give the folder it is in` },
    ])
  return new FileSource({ dir })
}

/** What cannot be looked at is for the source to tell of: that may change while the agent runs. */
const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const logger = (flags: AgentFlags): Logger =>
  createLogger({
    format: flags.output,
    level: flags.dryRun ? 'error' : flags.logLevel,
    write: (line) => process.stderr.write(line),
    now: () => Date.now(),
  })

const dryRun = async (agent: Agent, flags: AgentFlags): Promise<void> => {
  const { steps, conflicts, waiting, adoptions, problems } = await agent.dryRun()
  if (problems.some((p) => p.severity !== 'warning')) throw new BadInput(problems)
  const commands = steps.flatMap((step) => render(step).split('\n'))
  if (flags.output === 'json') {
    const marks = adoptions.flatMap((step) => render(step).split('\n'))
    const all = { changes: steps.length, commands, conflicts, waiting, adoptions: marks, problems }
    process.stdout.write(`${JSON.stringify(all)}\n`)
    return
  }
  for (const command of commands) process.stdout.write(`${command}\n`)
  for (const conflict of conflicts) process.stderr.write(`warren: ${conflict.message}\n  ${conflict.hint}\n`)
  for (const { code, message } of problems)
    if (code === 'WouldCutOff') process.stderr.write(`warren: ${message}\n`)
  for (const note of notesOn({ waiting, adoptions })) process.stderr.write(`warren: ${note}\n`)
  if (commands.length === 0 && conflicts.length === 0) process.stderr.write('nothing to do\n')
}

const once = async (agent: Agent, flags: AgentFlags): Promise<void> => {
  if (flags.confirmWithin !== undefined) outliveTerminal(agent)
  const asWanted = await agent.once()
  const problems = agent.status.problems.filter((p) => p.severity !== 'warning')
  const refused = problems.filter(
    (p) => !['ApplyFailed', 'DidNotConverge', 'LinkNotOurs', 'PlanTakenBack'].includes(p.code),
  )
  if (refused.length > 0) throw new BadInput(refused)
  if (!asWanted || problems.length > 0)
    throw new CheckFailed(problems.map((p) => p.message).join('; ') || 'not as wanted')
}

/**
 * The terminal that a change cuts off hangs up, and whoever is to take the change back must not go with it. Who
 * interrupts does not want the change.
 */
const outliveTerminal = (agent: Agent): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void agent.giveUp())
  process.on('SIGHUP', () => {})
  process.stderr.on('error', () => {})
}

const resident = async (agent: Agent): Promise<void> => {
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  process.once('SIGINT', () => stop.abort())
  await agent.run(stop.signal)
}
