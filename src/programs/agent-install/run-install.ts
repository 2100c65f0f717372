/** What `warren agent install`, `upgrade` and `uninstall` do, once they are to do something. */
import { existsSync } from 'node:fs'
import { CheckFailed, MissingHere } from '../exit.ts'
import { seeAgent, waitUntilWell } from './agent-health.ts'
import { applyInstall } from './apply-install.ts'
import { installLayout, type InstallLayout } from './install-layout.ts'
import { formatInstallStep, type InstallStep } from './install-step.ts'
import { planInstall, planUninstall, planUpgrade, type WantedInstall } from './plan-install.ts'
import { ownTree, programFiles } from './program-files.ts'
import { flagsOfUnit, readInstalled } from './read-installed.ts'
import { unitText } from './unit-text.ts'

export interface InstallFlags {
  readonly agentFlags: readonly string[]
  readonly containers?: true
  readonly from?: string
  readonly root: string
  readonly start: boolean
  readonly dryRun?: true
}

export const runInstall = (flags: InstallFlags): void => {
  const layout = installLayout(flags.root)
  const has = readInstalled(layout)
  if (has.launcher !== undefined && has.current === undefined)
    throw new MissingHere(`${layout.launcher} is there and not of an installation; remove it first`)
  const unit = unitText({ flags: flags.agentFlags, containers: flags.containers === true })
  if (has.current !== undefined && has.current !== wanted(flags, unit).version)
    throw new MissingHere(`version ${has.current} is installed; use 'warren agent upgrade'`)
  const steps = planInstall(layout, has, wanted(flags, unit))
  perform(steps, flags.dryRun)
  if (!flags.dryRun) say(`installed ${wanted(flags, unit).version} in ${layout.home}`)
}

export interface UpgradeFlags {
  readonly from?: string
  readonly containers?: boolean
  readonly within: string
  readonly dryRun?: true
}

export const runUpgrade = async (flags: UpgradeFlags): Promise<void> => {
  const layout = installLayout('/')
  const has = readInstalled(layout)
  const { current } = has
  if (current === undefined) throw new MissingHere("nothing is installed; use 'warren agent install'")
  requireSystemd()
  const containers = flags.containers ?? /^CapabilityBoundingSet=.*CAP_SYS_ADMIN/m.test(has.unit ?? '')
  const unit = unitText({ flags: flagsOfUnit(has.unit), containers })
  const want = wanted({ ...flags, root: '/', start: true }, unit)
  const plan = planUpgrade(layout, { ...has, current }, want)
  if (plan === undefined) {
    say(`version ${want.version} runs already`)
    return
  }
  if (flags.dryRun) {
    print([...plan.forward.map(formatInstallStep), `# unless it is well within ${flags.within} s:`])
    print(plan.back.map((step) => formatInstallStep(step).replace(/^/gm, '#   ')))
    print(plan.after.map(formatInstallStep))
    return
  }
  const before = seeAgent(layout.run)
  const withinMs = Number(flags.within) * 1000
  const why = await tryVersion(layout, { steps: plan.forward, before, withinMs })
  if (why === undefined) {
    applyInstall(plan.after)
    say(`upgraded from ${current} to ${want.version}`)
    return
  }
  const still = await tryVersion(layout, { steps: plan.back, before, withinMs })
  const end = still === undefined ? `${current} runs again` : `and ${current} is not well either: ${still}`
  throw new CheckFailed(`${want.version} was not well (${why}); ${end}`)
}

interface Trial {
  readonly steps: readonly InstallStep[]
  readonly before: ReturnType<typeof seeAgent>
  readonly withinMs: number
}

/** Why that version is not well; a step that fails says it too. */
const tryVersion = async (layout: InstallLayout, o: Trial): Promise<string | undefined> => {
  try {
    applyInstall(o.steps)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return await waitUntilWell(layout.run, o.before, o.withinMs)
}

export interface UninstallFlags {
  readonly removeNetwork?: true
  readonly purge?: true
  readonly root: string
  readonly dryRun?: true
}

export const runUninstall = (flags: UninstallFlags): void => {
  const layout = installLayout(flags.root)
  const has = readInstalled(layout)
  const systemd = flags.root === '/' && existsSync(SYSTEMD_RUNS)
  const steps = planUninstall(layout, has, {
    removeNetwork: flags.removeNetwork === true,
    purge: flags.purge === true,
    flags: flagsOfUnit(has.unit),
    systemd,
  })
  perform(steps, flags.dryRun)
  if (!flags.dryRun) say(whatIsLeft(flags))
}

const whatIsLeft = ({ removeNetwork, purge }: UninstallFlags): string => {
  const network = removeNetwork ? 'its network is gone' : 'its network is left up'
  return `uninstalled; ${network}, ${purge ? 'plans and keys too' : 'plans and keys are left'}`
}

const wanted = (flags: Pick<InstallFlags, 'from' | 'root' | 'start'>, unit: string): WantedInstall => {
  const systemd = flags.root === '/'
  return { ...programFiles(flags.from ?? ownTree()), unit, start: flags.start, systemd }
}

const perform = (steps: readonly InstallStep[], dryRun: true | undefined): void => {
  if (dryRun) {
    print(steps.map(formatInstallStep))
    return
  }
  if (process.getuid?.() !== 0) throw new MissingHere('this takes root')
  if (steps.some((step) => step.kind === 'run' && step.command[0] === 'systemctl')) requireSystemd()
  applyInstall(steps)
}

/** sd_booted(3). */
const SYSTEMD_RUNS = '/run/systemd/system'

const requireSystemd = (): void => {
  if (!existsSync(SYSTEMD_RUNS)) throw new MissingHere('systemd does not run this machine')
}

const print = (lines: readonly string[]): void => {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

const say = (line: string): void => {
  process.stderr.write(`warren: ${line}\n`)
}
