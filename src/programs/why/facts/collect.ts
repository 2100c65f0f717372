/**
 * What this machine reports when it is asked about a path: everything is read, and nothing is changed but that a few
 * echo requests go through the tunnel. The devices are looked at before and after, because what grew in between says
 * whether the other end is heard although nothing answers.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { FACTS_VERSION, type FactQuestions, type NodeFacts } from '../../../diagnosis/index.ts'
import { loadSyscalls, RouteNetlink } from '../../../linux/index.ts'
import { readRunning } from '../../host/running.ts'
import { readAgentStatus } from '../../node/agent-status.ts'
import { agentFacts } from './agent-facts.ts'
import { clockSynchronised } from './clock-synchronised.ts'
import { readFirewall } from './firewall-facts.ts'
import { addressFacts, linkFacts, routeFacts, ruleFacts } from './link-facts.ts'
import { endpointsOf, lookUpAll, lookupsOf } from './lookup-facts.ts'
import { sendProbes } from './probe-facts.ts'
import { resolveHosts } from './resolve-hosts.ts'
import { readSysctls } from './sysctl-facts.ts'
import { boundUdpPorts } from './udp-ports.ts'
import { deviceFacts } from './wireguard-facts.ts'

export interface CollectOptions {
  readonly runDir: string
}

export async function collectFacts(questions: FactQuestions, { runDir }: CollectOptions): Promise<NodeFacts> {
  const sys = loadSyscalls()
  const before = await readRunning()
  const resolved = resolveHosts(questions.hosts)
  await pause(questions.probes.length === 0 ? 0 : questions.delayMs)
  const probes = await sendProbes(sys, questions, (to) => mtuTo(to))
  const after = await readRunning()
  const route = RouteNetlink.open(sys)
  try {
    const links = route.links()
    const devices = deviceFacts({ before, after, questions })
    const names = new Map(links.map((link) => [link.index, link.name]))
    return {
      version: FACTS_VERSION,
      nowMs: Date.now(),
      clockSynchronised: clockSynchronised(),
      agent: agentFacts(await readAgentStatus(runDir)),
      links: links.map(linkFacts),
      addresses: route.addresses().map((one) => addressFacts(one, names)),
      routes: routeFacts(route.routes(), { names, links: new Set(questions.interfaces) }),
      rules: route.rules().map(ruleFacts),
      wireguard: devices,
      lookups: lookUpAll(sys, { questions: [...lookupsOf(questions), ...endpointsOf(devices)], links }),
      resolved: await resolved,
      sysctls: readSysctls(links.map((link) => link.name)),
      firewall: readFirewall(sys),
      udpPorts: boundUdpPorts(),
      probes,
    }
  } finally {
    route.close()
  }

  /** What the route there promises to carry. */
  function mtuTo(to: string): number | undefined {
    const netlink = RouteNetlink.open(sys)
    try {
      const links = netlink.links()
      const [found] = lookUpAll(sys, { questions: [{ to, from: null, inputLink: null, mark: 0 }], links })
      if (found?.answer.kind !== 'way') return undefined
      const { link, mtuBytes } = found.answer
      return mtuBytes ?? links.find((one) => one.name === link)?.mtuBytes
    } finally {
      netlink.close()
    }
  }
}
