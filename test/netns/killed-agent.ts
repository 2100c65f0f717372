/**
 * An agent over a folder, one step at a time: in the test's own process, or as `node killed-agent.ts N DIR`, which
 * sends itself SIGKILL after the N-th step.
 */
import { join } from 'node:path'
import {
  Agent,
  createLogger,
  LinuxHost,
  systemClock,
  type Host,
  type StepFailure,
} from '../../src/agent/index.ts'
import { FileSource } from '../../src/sources/index.ts'

export interface Ran {
  readonly asWanted: boolean
  readonly steps: number
  readonly log: string
}

/** One convergence. `killAfter` 0: undisturbed. */
export const runOnce = async (dir: string, killAfter = 0): Promise<Ran> => {
  const runDir = join(dir, 'run')
  const stateDir = join(dir, 'state')
  const real = LinuxHost.open({ backend: 'userspace', runDir, stateDir, uapiDir: join(dir, 'uapi') })
  let [steps, log] = [0, '']
  const apply: Host['apply'] = async (all, keys) => {
    const failures: StepFailure[] = []
    for (const step of all) {
      failures.push(...(await real.apply([step], keys)))
      if (++steps === killAfter) process.kill(process.pid, 'SIGKILL')
    }
    return failures
  }
  const host: Host = {
    backend: real.backend,
    observe: (wanted) => real.observe(wanted),
    peek: (wanted) => real.peek(wanted),
    apply,
    keep: () => real.keep(),
    watch: (onEvent) => real.watch(onEvent),
    close: () => real.close(),
  }
  const agent = new Agent({
    node: 'a',
    source: new FileSource({ dir: join(dir, 'plans') }),
    host,
    clock: systemClock,
    log: createLogger({ format: 'text', level: 'warn', write: (l) => (log += l), now: () => Date.now() }),
    lookup: () => Promise.resolve([]),
    stateDir,
    runDir,
    boundsPath: join(dir, 'agent.yaml'),
    enforceBackend: true,
  })
  try {
    return { asWanted: await agent.once(), steps, log }
  } finally {
    host.close()
  }
}

if (import.meta.main) {
  const [after, dir = ''] = process.argv.slice(2)
  await runOnce(dir, Number(after))
  process.exit(0)
}
