/**
 * What it takes to install, upgrade or uninstall the agent: from what is there and what is wanted to ordered steps.
 * Nothing is done here, so all of it can be printed and tested as text.
 */
import type { InstallStep, PlacedFile } from './install-step.ts'
import { LAUNCHER_TARGET, UNIT_NAME, versionTarget, type InstallLayout } from './install-layout.ts'

/** What a machine has of an installation. */
export interface Installed {
  /** The version that `current` points at. */
  readonly current: string | undefined
  readonly versions: readonly string[]
  readonly unit: string | undefined
  /** Where the launcher's link points; '' when it is something else than a link. */
  readonly launcher: string | undefined
}

export interface WantedInstall {
  readonly version: string
  readonly files: readonly PlacedFile[]
  readonly unit: string
  /** Not where a tree is prepared for another machine, nor when the user says so. */
  readonly start: boolean
  /** Is systemd to be told at all? */
  readonly systemd: boolean
}

const systemctl = (...words: string[]): InstallStep => ({ kind: 'run', command: ['systemctl', ...words] })

/** From nothing, or from the half of an installation that broke off. */
export const planInstall = (layout: InstallLayout, has: Installed, want: WantedInstall): InstallStep[] => {
  const unit = want.unit === has.unit ? [] : [writeUnit(layout, want.unit)]
  const tell = want.systemd && unit.length > 0 ? [systemctl('daemon-reload')] : []
  return [
    { kind: 'folder', path: layout.plans, mode: 0o755 },
    ...placeVersion(layout, has, want),
    ...point(layout, has, want.version),
    ...(has.launcher === LAUNCHER_TARGET
      ? []
      : [{ kind: 'point', path: layout.launcher, target: LAUNCHER_TARGET } as const]),
    ...unit,
    ...tell,
    ...(want.systemd ? [systemctl('enable', ...(want.start ? ['--now'] : []), UNIT_NAME)] : []),
  ]
}

export interface UpgradePlan {
  readonly forward: readonly InstallStep[]
  /** Back to what was there, when the new agent is not well. */
  readonly back: readonly InstallStep[]
  /** When it is well: versions older than the one before go. */
  readonly after: readonly InstallStep[]
}

/** Undefined: nothing would change. The network is never touched: only the agent's process is another. */
export const planUpgrade = (
  layout: InstallLayout,
  has: Installed & { readonly current: string },
  want: WantedInstall,
): UpgradePlan | undefined => {
  if (has.current === want.version && has.unit === want.unit) return undefined
  const unitChanges = has.unit !== want.unit
  const restart = [...(unitChanges ? [systemctl('daemon-reload')] : []), systemctl('restart', UNIT_NAME)]
  return {
    forward: [
      ...placeVersion(layout, has, want),
      ...(unitChanges ? [writeUnit(layout, want.unit)] : []),
      ...point(layout, has, want.version),
      ...restart,
    ],
    back: [
      ...(unitChanges && has.unit !== undefined ? [writeUnit(layout, has.unit)] : []),
      { kind: 'point', path: layout.current, target: versionTarget(has.current) },
      ...restart,
      ...(has.versions.includes(want.version) ? [] : [deleteVersion(layout, want.version)]),
    ],
    after: has.versions
      .filter((version) => version !== want.version && version !== has.current)
      .map((version) => deleteVersion(layout, version)),
  }
}

export interface UninstallOptions {
  /** Takes away every interface, route and rule of ours first; otherwise all of it goes on carrying traffic. */
  readonly removeNetwork: boolean
  /** Also plans, local bounds, keys and what else the agent remembers. */
  readonly purge: boolean
  /** What the agent was started with, for the run that removes the network. */
  readonly flags: readonly string[]
  readonly systemd: boolean
}

export const planUninstall = (layout: InstallLayout, has: Installed, o: UninstallOptions): InstallStep[] => {
  const stop = has.unit !== undefined && o.systemd
  const remove = ['agent', ...o.flags, '--once', '--remove-on-exit', '--log-level', 'error']
  return [
    ...(stop ? [systemctl('disable', '--now', UNIT_NAME)] : []),
    ...(o.removeNetwork && has.current !== undefined
      ? [{ kind: 'run', command: [layout.launcher, ...remove] } as const]
      : []),
    ...(has.unit === undefined ? [] : [{ kind: 'delete', path: layout.unit } as const]),
    ...(stop ? [systemctl('daemon-reload')] : []),
    ...(has.launcher === LAUNCHER_TARGET ? [{ kind: 'delete', path: layout.launcher } as const] : []),
    { kind: 'delete', path: layout.home },
    { kind: 'delete', path: layout.cache },
    { kind: 'delete', path: layout.run },
    ...(o.purge
      ? [{ kind: 'delete', path: layout.config } as const, { kind: 'delete', path: layout.state } as const]
      : []),
  ]
}

const placeVersion = (layout: InstallLayout, has: Installed, want: WantedInstall): InstallStep[] =>
  has.versions.includes(want.version)
    ? []
    : [{ kind: 'place', path: `${layout.versions}/${want.version}`, files: want.files }]

const point = (layout: InstallLayout, has: Installed, version: string): InstallStep[] =>
  has.current === version ? [] : [{ kind: 'point', path: layout.current, target: versionTarget(version) }]

const writeUnit = (layout: InstallLayout, text: string): InstallStep => ({
  kind: 'write',
  path: layout.unit,
  text,
  mode: 0o644,
})

const deleteVersion = (layout: InstallLayout, version: string): InstallStep => ({
  kind: 'delete',
  path: `${layout.versions}/${version}`,
})
