/** Topology → kernel: bridges first, then the cables that plug into them, then routes, which need both. */
import type { Syscalls } from '../../linux/index.ts'
import { replaceTable } from '../../linux/nftables/index.ts'
import { hostFirewall, lossyLine } from '../filters/host-firewall.ts'
import { natTable, routerFirewall } from '../filters/nat.ts'
import type { LabCable } from '../topology/topology.ts'
import { echo, familyOf } from '../probes/echo.ts'
import type { Machine } from './machine.ts'

/** IPv6 wants 1280 at least; a tunnel of 1420 wants 1500 beneath it. */
const MTU_BYTES = 1500
const LINES_TIMEOUT_MS = 10_000

export function wire(machines: ReadonlyMap<string, Machine>): void {
  for (const machine of machines.values()) {
    loadFilters(machine)
    machine.route.setLink('lo', { up: true })
    for (const bridge of machine.spec.bridges) {
      machine.route.addLink({ name: bridge.name, kind: 'bridge', up: true })
      addAddresses(machine, bridge)
    }
  }
  for (const machine of machines.values()) {
    for (const cable of machine.spec.cables) plugIn(machine, cable, machines)
  }
  for (const machine of machines.values()) {
    for (const { destination, gateway } of machine.spec.routes)
      machine.route.addRoute({ destination, gateway })
  }
}

/**
 * Until every machine hears the other end of its cables. The kernel notices a veth's carrier later (linkwatch), and a
 * bridge drops what a port brings before that: somebody's first ARP request is lost, and the next takes a second.
 */
export async function awaitLines(sys: Syscalls, machines: ReadonlyMap<string, Machine>): Promise<void> {
  const requests = [...machines.values()].flatMap((from) =>
    from.spec.cables.flatMap((cable) => farAddresses(machines, cable).map((to) => ({ from, to }))),
  )
  const answers = await echo(sys, requests, { timeoutMs: LINES_TIMEOUT_MS, intervalMs: 50 })
  const deaf = requests.filter((_, index) => answers[index] === undefined)
  const [first] = deaf
  if (first) throw new Error(`${first.from.name} does not hear ${first.to} on the other end of its cable`)
}

/** Of the bridge at its other end, in the families that both have. */
function farAddresses(machines: ReadonlyMap<string, Machine>, cable: LabCable): string[] {
  const bridge = machines.get(cable.to.machine)?.spec.bridges.find(({ name }) => name === cable.to.bridge)
  const bare = (text: string): string => text.split('/')[0] ?? ''
  const own = new Set(cable.addresses.map((text) => familyOf(bare(text))))
  return (bridge?.addresses ?? []).map(bare).filter((address) => own.has(familyOf(address)))
}

function plugIn(machine: Machine, cable: LabCable, machines: ReadonlyMap<string, Machine>): void {
  const far = machines.get(cable.to.machine)
  if (far === undefined)
    throw new Error(`${machine.name} is cabled to ${cable.to.machine}, which is not there`)
  far.route.addLink({
    name: portName(machine),
    kind: 'veth',
    mtuBytes: MTU_BYTES,
    peer: { name: cable.name, netns: machine.netns, mtuBytes: MTU_BYTES },
  })
  far.route.setLink(portName(machine), { master: cable.to.bridge, up: true })
  machine.route.setLink(cable.name, { up: true })
  addAddresses(machine, cable)
  if (cable.loss > 0) machine.filter(replaceTable(lossyLine(cable.name, cable.loss)))
}

/** Names are 15 bytes at most; the pid is unique and short. */
function portName(machine: Machine): string {
  return `p${machine.pid}`
}

function addAddresses(machine: Machine, at: { name: string; addresses: readonly string[] }): void {
  for (const text of at.addresses) {
    const [local = '', length] = text.split('/')
    machine.route.addAddress({
      link: at.name,
      local,
      prefixLength: Number(length),
      noDad: local.includes(':'),
    })
  }
}

/** Before any cable is in: there is no moment at which a machine stands open. */
function loadFilters(machine: Machine): void {
  if (machine.spec.firewall) machine.filter(replaceTable(hostFirewall(machine.spec.firewall)))
  const { nat } = machine.spec
  if (nat) machine.filter([...replaceTable(natTable(nat)), ...replaceTable(routerFirewall(nat))])
}
