/**
 * Packages of any release of Debian, unpacked into a folder and never installed.
 *
 * This host's own package lists serve where they have what is wanted. For another release apt gets a sources list,
 * lists and a cache of our own; only the mirror and the keyring are the host's, and its own lists stay as they are.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runTool } from './run-tool.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Where apt looks: `[]` is this host's own configuration. */
export type AptLists = readonly string[]

export const HOST_LISTS: AptLists = []

/** Fetches what is missing of the release's lists: some 10 MB, once. */
export function listsOf(release: string, folder: string): AptLists {
  const own = resolve(folder, `apt-${release}`)
  const lists: AptLists = [
    ...setting('Dir::State', join(own, 'state')),
    ...setting('Dir::State::status', '/dev/null'),
    ...setting('Dir::Cache', join(own, 'cache')),
    ...setting('Dir::Etc::sourcelist', join(own, 'sources.list')),
    ...setting('Dir::Etc::sourceparts', '-'),
    ...setting('Dir::Etc::preferencesparts', '-'),
    ...setting('Acquire::Languages', 'none'),
    ...setting('Acquire::IndexTargets::deb::DEP-11::DefaultEnabled', 'false'),
  ]
  for (const path of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(own, path), { recursive: true })
  const signed = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : ''
  writeFileSync(join(own, 'sources.list'), `deb${signed} ${hostMirror()} ${release} main\n`)
  runTool('apt-get', [...lists, '--quiet', 'update'])
  return lists
}

/** What a package without contents stands for today: the first that it depends on. */
export function dependencyOf(name: string, lists: AptLists): string | undefined {
  try {
    return /Depends: (\S+)/.exec(runTool('apt-cache', [...lists, 'depends', name]))?.[1]
  } catch {
    return undefined // these lists do not know it, or there are none yet
  }
}

/** Unpacks the packages into a folder that is new, and that is only there when all of it is. */
export function unpackPackages(names: readonly string[], into: string, lists: AptLists): void {
  rmSync(into, { recursive: true, force: true })
  mkdirSync(into, { recursive: true })
  runTool('apt-get', [...lists, '--quiet', 'download', ...names], into)
  const archives = readdirSync(into).filter((file) => file.endsWith('.deb'))
  if (archives.length < names.length) throw new Error(`apt-get download left only ${archives.join(' ')}`)
  for (const archive of archives) {
    runTool('dpkg', ['-x', archive, '.'], into)
    rmSync(join(into, archive))
  }
}

/** The mirror of Debian that this host's own configuration names. */
function hostMirror(): string {
  const targets = runTool('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const mirror = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri))
  if (mirror === undefined)
    throw new Error("cannot prepare the machine: apt's sources name no mirror of Debian")
  return mirror
}

function setting(name: string, value: string): string[] {
  return ['-o', `${name}=${value}`]
}
