/** What `warren lab up` does: a keeper that outlives us, and a note of where it is. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type DemonstrationEvent, removeLabFolder, stopKeeper } from '../../lab/index.ts'
import type { Problem } from '../../model/index.ts'
import { BadInput, CheckFailed } from '../exit.ts'
import { lockFileOf } from '../files/inputs.ts'
import { makePlan } from '../planning/made-plan.ts'
import type { LabUpFlags } from '../lab.ts'
import { makeView } from '../demonstration/view.ts'
import { paintFor } from '../terminal/paint.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import {
  binFolder,
  claimFolder,
  demandRequirements,
  launch,
  recordLab,
  warrenCommand,
} from './lab-process.ts'
import { parseLine, parseNats } from './line-options.ts'

export async function runLabUp(file: string, flags: LabUpFlags): Promise<void> {
  const nats = parseNats(flags.nat ?? [])
  const line = parseLine(flags)
  // Everything that is wrong with the plan itself, before anything is made.
  await makePlan([file], {})
  demandRequirements()
  const name = flags.name ?? basename(file).replace(/\.ya?ml$/i, '')
  const folder = freshFolder(name)
  const lock = lockFileOf(file)
  const order = {
    file: resolve(file),
    text: readFileSync(file, 'utf8'),
    lockText: existsSync(lock) ? readFileSync(lock, 'utf8') : undefined,
    bare: flags.bare ?? false,
    nats,
    loss: flags.loss ?? 0,
    line,
    folder,
    warren: warrenCommand(),
    binFolder: binFolder(),
    via: `warren lab exec ${name} {node} --`,
  }
  const failed = await bringUp({ name, order })
  const paint = paintFor(standardOutput())
  standardOutput().write(
    `The lab ${paint.bold(name)} is up: warren lab exec ${name} NODE -- COMMAND, warren lab down ${name}\n`,
  )
  if (failed.length > 0) throw new CheckFailed(failed.join('; '))
}

type Order = Extract<Parameters<typeof launch>[0], { kind: 'hold' }>['order']

async function bringUp({ name, order }: { name: string; order: Order }): Promise<readonly string[]> {
  const view = makeView(standardError())
  const up = Promise.withResolvers<readonly string[]>()
  const keeper = launch(
    { kind: 'hold', order },
    {
      errorFile: join(order.folder, 'keeper.log'),
      onEvent: (event: DemonstrationEvent) => {
        if (event.kind === 'up') up.resolve(event.failed)
        else if (event.kind === 'broken') up.reject(new CheckFailed(event.message))
        else if (event.kind === 'machines') {
          recordLab(keeper.process, { name, file: order.file, machines: event.machines })
        } else view.show(event)
      },
    },
  )
  const early = async (): Promise<never> => {
    const why = await keeper.ended
    throw new CheckFailed(`the lab ended early: ${lastWords(order.folder) || why}`)
  }
  try {
    const failed = await Promise.race([up.promise, early()])
    // From here on it is on its own.
    keeper.process.disconnect()
    keeper.process.unref()
    return failed
  } catch (error) {
    await stopKeeper(keeper.process)
    removeLabFolder(name)
    throw error
  }
}

function lastWords(folder: string): string {
  return readFileSync(join(folder, 'keeper.log'), 'utf8').trim()
}

function freshFolder(name: string): string {
  const refuse = (message: string, hint: string): BadInput => {
    const problem: Problem = { code: 'InvalidArgument', path: '--name', message, hint }
    return new BadInput([problem])
  }
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/i.test(name)) {
    throw refuse(`${name} is no name for a lab`, 'Use letters, digits, dots and hyphens.')
  }
  try {
    return claimFolder(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw refuse(
      `there is a lab ${name} already`,
      `Choose another name, or take it away: warren lab down ${name}`,
    )
  }
}
