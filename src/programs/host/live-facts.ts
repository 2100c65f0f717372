/** What an import needs to know of this machine beside what an agent observes of its own namespace. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LinuxHost } from '../../agent/index.ts'
import { type ContainerRef, type LinkIntent, netnsNameOf, type ObservedHost } from '../../model/index.ts'
import type { LiveFacts } from '../import/live-links.ts'

/** NET_ADDR_SET of <linux/netdevice.h>: set by somebody. */
const NET_ADDR_SET = '3'
const NETNS_DIRECTORY = '/run/netns'

export async function liveFactsOf(host: ObservedHost, stateDir: string): Promise<LiveFacts> {
  const hasVeth = host.links.some(({ kind }) => kind === 'veth')
  return {
    addressSet: new Set(host.links.map(({ name }) => name).filter(isAddressSet)),
    endsElsewhere: hasVeth ? await endsElsewhere(host, stateDir) : new Map(),
  }
}

function isAddressSet(link: string): boolean {
  try {
    return readFileSync(join('/sys/class/net', link, 'addr_assign_type'), 'utf8').trim() === NET_ADDR_SET
  } catch {
    return false // sysfs is of another namespace, or not there: the address is left to the kernel.
  }
}

/** The other ends of veths that are in namespaces with a name. Those without one are nobody's that we could name. */
async function endsElsewhere(host: ObservedHost, stateDir: string): Promise<LiveFacts['endsElsewhere']> {
  const names = namesIn(NETNS_DIRECTORY)
  const ends = new Map<string, { name: string; namespace: string }>()
  for (const [namespace, there] of await observeIn(names, { stateDir, links: ['lo'] })) {
    for (const far of there.links.filter(({ kind }) => kind === 'veth')) {
      const near = host.links.find(({ kind, index }) => kind === 'veth' && index === far.peerIndex)
      const isHere = host.links.some(({ name, index }) => name === far.name && index === far.index)
      if (near?.peerIndex === far.index && !isHere) ends.set(near.name, { name: far.name, namespace })
    }
  }
  const wanted = [...ends.values()]
  const seen = await observeIn(
    names.filter((name) => wanted.some(({ namespace }) => namespace === name)),
    { stateDir, links: wanted.map(({ name }) => name) },
  )
  return new Map(
    [...ends].flatMap(([near, end]) => {
      const there = seen.get(end.namespace)
      return there === undefined ? [] : [[near, { ...end, there }] as const]
    }),
  )
}

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory).toSorted()
  } catch {
    return [] // Nobody has made one.
  }
}

interface Look {
  readonly stateDir: string
  /** Of these with all that is on them. */
  readonly links: readonly string[]
}

type Seen = Extract<ObservedHost['containers'][string], { kind: 'present' }>

/** As an agent looks at them that wants something there. Those that cannot be entered are left out. */
async function observeIn(names: readonly string[], { stateDir, links }: Look): Promise<Map<string, Seen>> {
  if (names.length === 0) return new Map()
  const containers = names.map(
    (name) => [name, { kind: 'netns', path: join(NETNS_DIRECTORY, name) }] as const,
  )
  const wanted = containers.flatMap(([, container]) => links.map((name) => linkIn(name, container)))
  const host = LinuxHost.open({ backend: 'auto', runDir: '/run/warren', stateDir })
  try {
    const { containers: found } = await host.observe({ node: '', interfaces: [], links: wanted })
    return new Map(
      containers.flatMap(([name, container]) => {
        const seen = found[netnsNameOf(container)]
        return seen?.kind === 'present' ? [[name, seen] as const] : []
      }),
    )
  } finally {
    host.close()
  }
}

/** Wanted, so that it is looked at; nothing is made of it. */
const linkIn = (name: string, container: ContainerRef): LinkIntent => ({
  ...{ name, container, kind: 'veth', settings: {}, up: true },
  owner: { kind: 'NetlinkInterface', namespace: 'default', name: 'import' },
  ...{ mtuBytes: undefined, hardwareAddress: undefined, master: undefined, ports: undefined },
  ...{ forwarding: undefined, addresses: [], routes: [], adopt: false, replacePolicy: 'Never' },
})
