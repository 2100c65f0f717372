/**
 * Where an installed agent lies. A version is a folder that never changes; what runs is a link to one of them, and
 * changing the link is the whole of an upgrade.
 *
 *   /usr/local/bin/warren            → ../lib/warren/current/bin/warren
 *   /usr/local/lib/warren/current    → versions/VERSION
 *   /usr/local/lib/warren/versions/VERSION/{bin,dist or src,node_modules,package.json}
 */
import { join } from 'node:path'

export interface InstallLayout {
  /** '/' unless a tree is prepared for another machine. */
  readonly root: string
  readonly home: string
  readonly versions: string
  readonly current: string
  readonly launcher: string
  readonly unit: string
  readonly plans: string
  readonly config: string
  readonly state: string
  readonly cache: string
  readonly run: string
}

export const UNIT_NAME = 'warren-agent.service'
export const LAUNCHER_TARGET = '../lib/warren/current/bin/warren'

export const installLayout = (root: string): InstallLayout => {
  const home = join(root, 'usr/local/lib/warren')
  return {
    root,
    home,
    versions: join(home, 'versions'),
    current: join(home, 'current'),
    launcher: join(root, 'usr/local/bin/warren'),
    unit: join(root, 'etc/systemd/system', UNIT_NAME),
    plans: join(root, 'etc/warren/plans'),
    config: join(root, 'etc/warren'),
    state: join(root, 'var/lib/warren'),
    cache: join(root, 'var/cache/warren'),
    run: join(root, 'run/warren'),
  }
}

/** The link of a version, relative, so that a prepared tree may be moved. */
export const versionTarget = (version: string): string => `versions/${version}`
