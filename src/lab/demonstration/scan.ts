/** The whole lab seen from outside: every port of every public address, and exactly those open that should be. */
import { PORTS_PER_PROTOCOL, scanPorts } from '../probes/port-scan.ts'
import type { Stage } from './stage.ts'

/** `phy01/udp/51820`, each once however many addresses it is open on. */
export async function proveClosed(stage: Stage): Promise<string[]> {
  const open = new Set<string>()
  const leaks: string[] = []
  let arrived = 0
  const targets = stage.lab.topology.publicAddresses
  for (const [index, { machine, address }] of targets.entries()) {
    stage.progress(`${address} (${machine}), ${index + 1} of ${targets.length}`)
    const result = await scanPorts(stage.stranger, { machine: stage.lab.machine(machine), address })
    for (const port of result.open) open.add(`${machine}/${port}`)
    if (result.unfiltered.length > 0) leaks.push(`${machine} (${address}) ${result.unfiltered.join(' ')}`)
    arrived += Math.min(result.arrived, 2 * PORTS_PER_PROTOCOL)
  }
  const sent = targets.length * 2 * PORTS_PER_PROTOCOL
  stage.check(
    arrived === sent,
    `ports 1 to ${PORTS_PER_PROTOCOL} of ${targets.length} public addresses, TCP and UDP: ${arrived} of ${sent} probes reached the filters they are to test`,
  )
  const found = [...open].toSorted()
  stage.check(
    sameSet(found, expectedPorts(stage)),
    `open from outside: ${found.length === 0 ? 'nothing' : found.join(', ')}`,
  )
  if (leaks.length > 0) stage.check(false, `let through though nobody listens: ${leaks.join('; ')}`)
  return found
}

/** The ports at which the plan says a node can be reached. */
function expectedPorts(stage: Stage): string[] {
  const ports = stage.facts.nodes.flatMap(({ name, site, endpoints }) =>
    endpoints.map(
      (endpoint) =>
        `${site === undefined ? name : `router-${site}`}/udp/${site === undefined ? endpoint.listenPort : endpoint.port}`,
    ),
  )
  return [...new Set(ports)].toSorted()
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
