/**
 * What `warren graph` does. An arrow points to the end that can be called; a dotted line is a direct path
 * beside a relayed one. Sites are boxes, relays are double-edged (https://mermaid.js.org/syntax/flowchart.html).
 */
import type { NodeIntent, PeerIntent, WarrenObject } from '../../model/index.ts'
import type { PlanResult } from '../../plan/index.ts'
import type { LockOption } from '../files/inputs.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { makePlan } from './made-plan.ts'

export async function runGraph(files: readonly string[], options: LockOption): Promise<void> {
  const { objects, result } = await makePlan(files, options)
  standardOutput().write(formatGraph(objects, result))
}

export function formatGraph(objects: readonly WarrenObject[], result: PlanResult): string {
  const ids = new Map([...result.intents.keys()].map((name, index) => [name, `n${index}`]))
  const lines = ['flowchart LR', ...nodeLines(objects, result, ids)]
  for (const link of result.links) {
    const [a, b] = [ids.get(link.a), ids.get(link.b)]
    if (a !== undefined && b !== undefined) lines.push(`  ${edge(result, link, [a, b])}`)
  }
  return `${lines.join('\n')}\n`
}

function nodeLines(
  objects: readonly WarrenObject[],
  result: PlanResult,
  ids: ReadonlyMap<string, string>,
): string[] {
  const lines: string[] = []
  const sites = Map.groupBy(result.intents.values(), (intent) => siteOf(objects, intent.node))
  for (const [site, intents] of sites) {
    const shapes = intents.map((intent) => shape(ids.get(intent.node) ?? '', intent))
    if (site === undefined) lines.push(...shapes.map((text) => `  ${text}`))
    else lines.push(`  subgraph "${site}"`, ...shapes.map((text) => `    ${text}`), '  end')
  }
  return lines
}

function siteOf(objects: readonly WarrenObject[], node: string): string | undefined {
  for (const object of objects) {
    if (object.kind !== 'WireGuardNetworkPlan') continue
    const found = object.spec.nodes.find((one) => one.name === node)
    if (found?.site !== undefined) return found.site
  }
  return undefined
}

function shape(id: string, intent: NodeIntent): string {
  const relays = intent.interfaces.some((one) => one.forwards.inet || one.forwards.inet6)
  const first = intent.interfaces[0]?.addresses[0]?.local
  const label = `"${intent.node}${first === undefined ? '' : `<br/>${first}`}"`
  return relays ? `${id}[[${label}]]` : `${id}[${label}]`
}

function edge(result: PlanResult, link: { a: string; b: string }, [a, b]: readonly [string, string]): string {
  const [toB, toA] = [peerOf(result, link.a, link.b), peerOf(result, link.b, link.a)]
  const dotted = (toB ?? toA)?.path === 'while-alive'
  const [plain, arrow, both] = dotted ? ['-.-', '-.->', '<-.->'] : ['---', '-->', '<-->']
  if (toB?.endpoint && toA?.endpoint) return `${a} ${both} ${b}`
  if (toB?.endpoint) return `${a} ${arrow} ${b}`
  return toA?.endpoint ? `${b} ${arrow} ${a}` : `${a} ${plain} ${b}`
}

function peerOf(result: PlanResult, node: string, other: string): PeerIntent | undefined {
  const interfaces = result.intents.get(node)?.interfaces ?? []
  return interfaces.flatMap((one) => one.peers).find((peer) => peer.node === other)
}
