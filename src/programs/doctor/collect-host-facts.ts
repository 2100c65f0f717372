/** Reads a machine for `warren doctor`. Nothing is changed: what is tried is tried in a namespace of its own. */
import { existsSync } from 'node:fs'
import { release } from 'node:os'
import type { HostFacts } from '../../diagnosis/index.ts'
import { loadSyscalls, RouteNetlink } from '../../linux/index.ts'
import { altNameOf } from '../../model/index.ts'
import { MissingHere } from '../exit.ts'
import { readRunning, type RunningInterface } from '../host/running.ts'
import { clockSynchronised } from '../why/facts/clock-synchronised.ts'
import { readFirewall } from '../why/facts/firewall-facts.ts'
import { addressFacts, linkFacts } from '../why/facts/link-facts.ts'
import { readSysctls } from '../why/facts/sysctl-facts.ts'
import { boundUdpPorts } from '../why/facts/udp-ports.ts'
import { effectiveCapabilities } from './effective-capabilities.ts'
import { tryKernelFeatures, tunDevice } from './kernel-features.ts'
import { readManagers } from './network-programs.ts'
import { plannedHere, type PlannedHereOptions } from './planned-here.ts'

export type CollectHostOptions = PlannedHereOptions

const SOCKETS: Readonly<Record<string, string>> = {
  docker: '/run/docker.sock',
  podman: '/run/podman/podman.sock',
  containerd: '/run/containerd/containerd.sock',
  'containerd of k3s': '/run/k3s/containerd/containerd.sock',
  crio: '/run/crio/crio.sock',
}

export async function collectHostFacts(options: CollectHostOptions): Promise<HostFacts> {
  const plan = await plannedHere(options)
  const sys = loadSyscalls()
  const running = await runningHere()
  const netlink = RouteNetlink.open(sys)
  try {
    const links = netlink.links()
    const names = new Map(links.map((link) => [link.index, link.name]))
    const routes = netlink.routes().filter((one) => one.table !== 255)
    const ours = links.filter((link) => link.altNames.includes(altNameOf(link.name))).map((link) => link.name)
    const uplink = routes.find((one) => one.destination.endsWith('/0') && one.linkIndex !== undefined)
    return {
      nodeVersion: process.version,
      kernelRelease: release(),
      capabilities: effectiveCapabilities(),
      features: tryKernelFeatures(sys),
      tunDevice: tunDevice(),
      nowMs: Date.now(),
      clockSynchronised: clockSynchronised(),
      links: links.map(linkFacts),
      addresses: netlink
        .addresses()
        .map((one) => addressFacts(one, names))
        .filter((one) => one.link !== 'lo'),
      routes: routes.flatMap(({ destination, linkIndex }) => {
        const link = linkIndex === undefined ? undefined : names.get(linkIndex)
        return link === undefined ? [] : [{ destination, link }]
      }),
      ours,
      ...tunnels(running, new Set(ours)),
      udpPorts: boundUdpPorts(),
      sysctls: readSysctls(links.map((link) => link.name)),
      firewall: readFirewall(sys),
      uplink: uplink === undefined ? null : (names.get(uplink.linkIndex ?? 0) ?? null),
      managers: readManagers(),
      runtimes: Object.keys(SOCKETS).filter((name) => existsSync(SOCKETS[name] ?? '')),
      plan,
    }
  } finally {
    netlink.close()
  }
}

/** Without privileges nobody may look; the check of the capabilities says so. */
async function runningHere(): Promise<readonly RunningInterface[]> {
  try {
    return await readRunning()
  } catch (error) {
    if (error instanceof MissingHere) return []
    throw error
  }
}

function tunnels(
  running: readonly RunningInterface[],
  ours: ReadonlySet<string>,
): Pick<HostFacts, 'otherWireGuard' | 'ownPorts'> {
  return {
    otherWireGuard: running
      .filter((one) => !ours.has(one.name))
      .map((one) => ({ link: one.name, listenPort: one.device.listenPort })),
    ownPorts: running.filter((one) => ours.has(one.name)).map((one) => one.device.listenPort),
  }
}
