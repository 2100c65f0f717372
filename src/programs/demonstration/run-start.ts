/**
 * What `npm start` does out here: the fingerprint of the real machine, a keeper in which everything else happens,
 * the view of what it tells, the clean-up, and the fingerprint again.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  compareFingerprints,
  type DemonstrationEvent,
  type DemonstrationResult,
  removeLabFolder,
  stopKeeper,
  summarise,
  takeFingerprint,
} from '../../lab/index.ts'
import { loadSyscalls } from '../../linux/index.ts'
import { CheckFailed } from '../exit.ts'
import {
  binFolder,
  claimFolder,
  demandRequirements,
  type KeeperHandle,
  launch,
  recordLab,
  warrenCommand,
} from '../lab/lab-process.ts'
import { makePlan } from '../planning/made-plan.ts'
import { standardOutput } from '../terminal/terminal.ts'
import type { StartFlags } from '../start.ts'
import { makeView, type View } from './view.ts'

const EXAMPLE = fileURLToPath(new URL('../../../examples/homelab.yaml', import.meta.url))

export async function runStart(given: string | undefined, flags: StartFlags): Promise<void> {
  const file = given ?? EXAMPLE
  // Everything that is wrong with the plan, before anything is made; its own lock does not matter here.
  await makePlan([file], { lock: '/dev/null' })
  demandRequirements()
  const view = makeView(standardOutput())
  const sys = loadSyscalls()
  view.show({ kind: 'step', number: 1, title: "this machine's own network, before" })
  const before = takeFingerprint(sys)
  view.show({ kind: 'line', tone: 'note', text: summarise(before) })
  const name = `start-${process.pid}`
  const demonstration = new Demonstration({ name, file, view, flags })
  let result: DemonstrationResult | undefined
  try {
    result = await demonstration.run()
    if (flags.once !== true && standardOutput().interactive) await demonstration.stayUp()
  } finally {
    await demonstration.close()
  }
  view.show({ kind: 'step', number: 8, title: "this machine's own network, after" })
  const differences = compareFingerprints(before, takeFingerprint(sys))
  for (const line of differences) view.show({ kind: 'line', tone: 'failed', text: line })
  const hostUnchanged = differences.length === 0
  if (hostUnchanged) view.show({ kind: 'line', tone: 'held', text: `unchanged: ${summarise(before)}` })
  finish(view, { result, hostUnchanged, flags })
}

function finish(
  view: View,
  o: { result: DemonstrationResult | undefined; hostUnchanged: boolean; flags: StartFlags },
): void {
  if (o.result === undefined) throw new CheckFailed('the demonstration did not get to its end')
  const { failed, ...numbers } = o.result
  const count = failed.length + (o.hostUnchanged ? 0 : 1)
  view.close(count)
  if (o.flags.json === true) {
    process.stdout.write(`${JSON.stringify(jsonOf(numbers, o.hostUnchanged))}\n`)
  }
  if (count > 0) throw new CheckFailed(`${count} check${count === 1 ? '' : 's'} did not hold`)
}

/** In the order that the documentation gives. */
function jsonOf(r: Omit<DemonstrationResult, 'failed'>, hostUnchanged: boolean): object {
  const { hosts, links, backend, reachable, expected, forbidden, forbiddenChecked } = r
  const { interop, openPorts, healMs, streamSurvived, convergeMs } = r
  return {
    ...{ hosts, links, backend, reachable, expected, forbidden, forbiddenChecked },
    ...{ interop, openPorts, healMs, streamSurvived, hostUnchanged, convergeMs },
  }
}

class Demonstration {
  readonly #o: { name: string; file: string; view: View; flags: StartFlags }
  readonly #folder: string
  #keeper: KeeperHandle | undefined

  constructor(o: { name: string; file: string; view: View; flags: StartFlags }) {
    this.#o = o
    this.#folder = claimFolder(o.name)
  }

  async run(): Promise<DemonstrationResult | undefined> {
    const { file, flags, view } = this.#o
    const done = Promise.withResolvers<DemonstrationResult | undefined>()
    const order = {
      file,
      text: readFileSync(file, 'utf8'),
      folder: this.#folder,
      warren: warrenCommand(),
      binFolder: binFolder(),
      via: `sh ${join(this.#folder, 'enter')} {node}`,
      ...(flags.break === undefined ? {} : { breakage: flags.break }),
    }
    this.#keeper = launch(
      { kind: 'demonstrate', order },
      {
        onEvent: (event) => {
          if (event.kind === 'done') done.resolve(event.result)
          else if (event.kind === 'broken') {
            view.show({ kind: 'line', tone: 'failed', text: event.message })
            done.resolve(undefined)
          } else this.#onEvent(event)
        },
      },
    )
    return await Promise.race([done.promise, this.#endedEarly(this.#keeper), this.#interrupted()])
  }

  async #endedEarly(keeper: KeeperHandle): Promise<undefined> {
    const why = await keeper.ended
    this.#o.view.show({ kind: 'line', tone: 'failed', text: `the lab ended early: ${why}` })
  }

  #onEvent(event: DemonstrationEvent): void {
    if (event.kind === 'machines' && this.#keeper) {
      recordLab(this.#keeper.process, { name: this.#o.name, file: this.#o.file, machines: event.machines })
    } else this.#o.view.show(event)
  }

  #interrupted(): Promise<undefined> {
    return new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.once(signal, () => resolve(undefined))
    })
  }

  /** Until Ctrl-C: the lab is there to be looked at. */
  async stayUp(): Promise<void> {
    this.#o.view.stayUp({ name: this.#o.name, folder: this.#folder, file: basename(this.#o.file) })
    await this.#interrupted()
  }

  async close(): Promise<void> {
    this.#o.view.show({ kind: 'progress', text: 'cleaning up' })
    const keeper = this.#keeper
    // What comes now is our own doing.
    this.#keeper = undefined
    keeper?.process.removeAllListeners('exit')
    if (keeper) await stopKeeper(keeper.process)
    removeLabFolder(this.#o.name)
  }
}
