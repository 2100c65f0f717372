/**
 * Where the contracts of linux/ are held: the kernel in memory and the real one, each with a fresh, empty network
 * namespace per test. The namespace goes when its descriptors are closed, and everything in it with it.
 */
import type { TestContext } from 'node:test'
import {
  EventLoop,
  type FdWatcher,
  type Link,
  loadSyscalls,
  newNetns,
  RouteNetlink,
  type Syscalls,
} from '../../src/linux/index.ts'
import { FakeKernel } from '../../src/linux/fake/index.ts'
import { type KernelFeature, needs } from '../harness/needs.ts'

export interface World {
  readonly sys: Syscalls
  readonly watcher: FdWatcher
  /** A descriptor of the namespace under test. */
  readonly netns: number
  readonly route: RouteNetlink
  /** Another, empty namespace, closed with the test. */
  readonly another: () => { readonly netns: number; readonly route: RouteNetlink }
}

export interface WorldKind {
  readonly name: string
  readonly options: { skip?: string }
  readonly open: (t: TestContext) => World
}

/** The fake, and the real kernel where it can be had. */
export const worlds = (kernel: readonly KernelFeature[]): readonly WorldKind[] => [
  {
    name: 'in memory',
    options: {},
    open: (t) => {
      const fake = new FakeKernel()
      return world(t, fake, fake)
    },
  },
  {
    name: 'real kernel',
    options: needs({ root: true, kernel }),
    open: (t) => world(t, loadSyscalls(), new EventLoop()),
  },
]

const world = (t: TestContext, sys: Syscalls, watcher: FdWatcher): World => {
  const another = (): { netns: number; route: RouteNetlink } => {
    const netns = newNetns(sys)
    const route = RouteNetlink.open(sys, { netns })
    t.after(() => {
      route.close()
      sys.close(netns)
    })
    return { netns, route }
  }
  return { sys, watcher, another, ...another() }
}

/**
 * Without the links that tunnel modules put into every new namespace as soon as they are loaded
 * (net.core.fb_tunnels_only_for_init_net is 0).
 */
export const ownLinks = (route: RouteNetlink): Link[] =>
  route
    .links()
    .filter(({ name }) => !/^(tunl|ip6tnl|gre|gretap|erspan|ip6gre|sit|ip_vti|ip6_vti)0$/.test(name))
