/**
 * Negative controls: something of the lab is really broken, in a way that nobody repairs, and the checks have to
 * notice. Nothing here touches a check or a result.
 */
import { deleteTable } from '../../linux/nftables/index.ts'
import { FIREWALL } from '../filters/host-firewall.ts'
import { NAT } from '../filters/nat.ts'
import type { Machine } from '../runtime/machine.ts'
import type { Breakage } from './events.ts'
import { removePeer, tunnelState } from './interface-state.ts'
import type { Stage } from './stage.ts'

export async function breakIt(stage: Stage, breakage: Breakage): Promise<string> {
  switch (breakage) {
    case 'nat':
      return breakNat(stage)
    case 'peer':
      return breakPeer(stage)
    case 'route':
      return breakRoute(stage)
    case 'firewall':
      return breakFirewall(stage)
  }
}

/** Without its table a router forwards private addresses as they are, and the backbone has no way back. */
function breakNat(stage: Stage): string {
  const router = must(
    [...stage.lab.machines.values()].find((machine) => machine.spec.nat !== undefined),
    'a router',
  )
  router.filter(deleteTable(NAT))
  return `${router.name} does not translate any more`
}

/** Its agent would repair it, so the agent goes first. */
async function breakPeer(stage: Stage): Promise<string> {
  const { machine, link } = await unattended(stage)
  const state = await tunnelState(machine, link)
  for (const publicKey of state?.peers ?? []) await removePeer(machine, { link, publicKey })
  return `${machine.name} has no agent and no peer on ${link} any more`
}

async function breakRoute(stage: Stage): Promise<string> {
  const { machine, link } = await unattended(stage)
  const index = machine.route.indexOf(link)
  for (const route of machine.route.routes({ table: 254 })) {
    if (route.linkIndex !== index || route.destination.startsWith('fe80')) continue
    machine.route.deleteRoute({ destination: route.destination, link, metric: route.metric })
  }
  return `${machine.name} has no agent and no route through ${link} any more`
}

/** A machine behind its provider's firewall, whose tunnel port the world can suddenly reach. */
function breakFirewall(stage: Stage): string {
  const closed = stage.lab.hosts.find(
    ({ spec }) =>
      spec.site === undefined && spec.firewall !== undefined && spec.firewall.openUdp.length === 0,
  )
  const machine = must(closed, 'a machine behind a closed firewall')
  machine.filter(deleteTable(FIREWALL))
  return `${machine.name} has no firewall any more`
}

async function unattended(stage: Stage): Promise<{ machine: Machine; link: string }> {
  const managed = stage.lab.hosts.filter((m) => stage.agents.has(m) && !stage.facts.relays.has(m.name))
  const machine = must(managed.at(-1), 'a machine with an agent that is no relay')
  await stage.agents.kill(machine)
  return { machine, link: stage.facts.interfaces.get(machine.name)?.[0] ?? '' }
}

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`this plan has nothing to break: there is not ${what}`)
  return value
}
