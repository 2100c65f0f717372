/** The tunnel's own link at a node: there, served by somebody, up, with its address. */
import { deviceAt, linkAt, type NodeCheck, type NodeContext } from '../context.ts'
import type { NodeFacts } from '../facts.ts'
import { type Finding, findingsOf } from '../finding.ts'
import type { LegEnd } from '../trace.ts'

export const tunnelInterface: NodeCheck = (context) => {
  const facts = context.facts.get(context.node)
  if (facts === undefined) return undefined
  const ends = endsOf(context)
  const found = ends.map((end) => checkOne(end, facts))
  return found.find((one) => one.ok !== true) ?? found[0]
}

const endsOf = ({ trace, node }: NodeContext): LegEnd[] =>
  trace.legs.flatMap(({ near, far }) => [near, far]).filter((end) => end.node === node)

const checkOne = (end: LegEnd, facts: NodeFacts): Finding => {
  const { ok, fails, unknown } = findingsOf('interface', end.node)
  const { name, container, mtuBytes } = end.interface
  if (container !== undefined) return unknown(`${name} is in a container, which was not looked into`)
  const link = linkAt(facts, name)
  if (link === undefined) return missing(end, facts)
  const device = deviceAt(facts, name)
  if (device === undefined) {
    const served = link.kind === 'tun' ? 'no process serves it' : `it is a link of the kind ${link.kind}`
    return fails({
      says: `${name} is there, but ${served}`,
      because: 'nobody encrypts or listens for it',
      fix: link.kind === 'tun' ? repair(facts) : [`ip link delete ${name}`, ...repair(facts)],
    })
  }
  if (!link.up)
    return fails({
      says: `${name} is down`,
      because: 'a link that is down takes and gives no packets',
      fix: [`ip link set dev ${name} up`, ...repairHint(facts)],
    })
  const address = facts.addresses.find((one) => one.link === name && one.local === end.address)
  if (address === undefined) {
    const wanted = end.interface.addresses.find((one) => one.local === end.address)
    return fails({
      says: `${name} lacks its address ${end.address}`,
      because: 'what is sent to it is for nobody here, and answers start from another address',
      fix: [`ip address add ${end.address}/${wanted?.prefixLength ?? 32} dev ${name}`, ...repairHint(facts)],
    })
  }
  return ok(`${name} (${device.backend}) is up with ${end.address}, mtu ${link.mtuBytes} (plan: ${mtuBytes})`)
}

const missing = ({ node, interface: { name } }: LegEnd, facts: NodeFacts): Finding => {
  const { fails } = findingsOf('interface', node)
  const because = 'there is nothing for packets to go through, and nobody listens'
  if (facts.agent === null)
    return fails({
      says: `${name} is not there, and no agent runs that would make it`,
      because,
      fix: repair(facts),
    })
  const [problem] = facts.agent.problems
  if (problem !== undefined)
    return fails({
      says: `${name} is not there; the agent says: ${problem}`,
      because,
      fix: ['warren node status'],
    })
  return fails({
    says: `${name} is not there, and the agent does not know of it`,
    because,
    fix: ["warren push PLAN --via 'ssh root@{node}'"],
  })
}

const repair = (facts: NodeFacts): string[] =>
  facts.agent === null
    ? ['systemctl start warren-agent']
    : ['systemctl restart warren-agent', 'warren node status']

/** An agent would have put this right by itself. */
const repairHint = (facts: NodeFacts): string[] =>
  facts.agent === null ? ['systemctl start warren-agent'] : []
