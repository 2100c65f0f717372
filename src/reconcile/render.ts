/**
 * A step as the command one would type, in the words that Debian 12's iproute2 and wireguard-tools accept.
 * Keys appear as the names of files, never as themselves. One line per command. `ip address` of that age
 * cannot set the protocol number that the agent gives its addresses.
 */
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { AddressIntent, KeySource, PeerChange, RouteIntent, RuleIntent, Step } from '../model/index.ts'

export interface RenderOptions {
  /** The file that stands for a key. */
  readonly keyFile?: (source: KeySource) => string
}

export const render = (step: Step, o: RenderOptions = {}): string => {
  switch (step.kind) {
    case 'link-create':
      return `${createCommand(step)}\n${markCommand(step.link)}`
    case 'link-add':
      return `ip link add ${step.link} type ${step.type}`
    case 'forwarding-add':
    case 'forwarding-delete':
      return `bridge fdb ${step.kind === 'forwarding-add' ? 'append' : 'delete'} ${step.entry.hardwareAddress} dev ${step.link} dst ${step.entry.destination}`
    case 'link-mark':
      return markCommand(step.link)
    case 'link-delete':
      return `ip link delete dev ${step.link}`
    case 'link-set':
      return `ip link set dev ${step.link}${step.mtuBytes === undefined ? '' : ` mtu ${step.mtuBytes}`}${upWord(step.up)}`
    case 'device-start':
      return `warren device ${step.link}${markWord(step.fwmark)} &`
    case 'wireguard-set':
      return wgSet(step, o.keyFile ?? keyFileName)
    case 'address-add':
    case 'address-delete':
      return `ip address ${verb(step.kind)} ${addressText(step.address)} dev ${step.link}`
    case 'route-add':
    case 'route-delete':
      return routeText(step.route, { verb: verb(step.kind), link: step.link })
    case 'rule-add':
    case 'rule-delete':
      return ruleText(step.rule, verb(step.kind))
    case 'sysctl-set':
      return `sysctl -w ${sysctlName(step.path)}=${step.value}`
  }
}

const verb = (kind: string): string => (kind.endsWith('-add') ? 'add' : 'delete')

const createCommand = (step: Extract<Step, { kind: 'link-create' }>): string =>
  step.backend === 'kernel'
    ? `ip link add ${step.link} mtu ${step.mtuBytes} type wireguard`
    : `warren device ${step.link} --mtu ${step.mtuBytes}${markWord(step.fwmark)} &`

const markWord = (fwmark: number | undefined): string => (fwmark === undefined ? '' : ` --fwmark ${fwmark}`)

const markCommand = (link: string): string => `ip link property add dev ${link} altname ${altNameOf(link)}`

const upWord = (up: boolean | undefined): string => {
  if (up === undefined) return ''
  return up ? ' up' : ' down'
}

const keyFileName = (source: KeySource): string => {
  switch (source.kind) {
    case 'node':
      return './node.key'
    case 'inline':
      return './inline.key'
    case 'secret':
      return `./${source.name}.${source.key}`
  }
}

const wgSet = (
  step: Extract<Step, { kind: 'wireguard-set' }>,
  keyFile: (source: KeySource) => string,
): string => {
  const { change, link } = step
  const own = [
    ...(change.privateKey === undefined ? [] : [`private-key ${keyFile(change.privateKey)}`]),
    ...(change.listenPort === undefined ? [] : [`listen-port ${change.listenPort}`]),
    ...(change.fwmark === undefined ? [] : [`fwmark ${change.fwmark === 0 ? 'off' : change.fwmark}`]),
  ]
  const lines = change.peers.map((peer) => `wg set ${link} ${peerText(peer, keyFile)}`)
  return (own.length === 0 ? lines : [`wg set ${link} ${own.join(' ')}`, ...lines]).join('\n')
}

const peerText = (peer: PeerChange, keyFile: (source: KeySource) => string): string => {
  if (peer.kind === 'remove') return `peer ${peer.publicKey} remove`
  const words = [`peer ${peer.publicKey}`]
  if (peer.presharedKey !== undefined)
    words.push(`preshared-key ${peer.presharedKey === 'none' ? '/dev/null' : keyFile(peer.presharedKey)}`)
  if (peer.endpoint !== undefined) words.push(`endpoint ${peer.endpoint}`)
  if (peer.persistentKeepaliveSeconds !== undefined)
    words.push(`persistent-keepalive ${peer.persistentKeepaliveSeconds || 'off'}`)
  if (peer.allowedIPs !== undefined) words.push(`allowed-ips ${peer.allowedIPs.join(',') || "''"}`)
  return words.join(' ')
}

const addressText = (a: AddressIntent): string =>
  a.peer === undefined ? `${a.local}/${a.prefixLength}` : `${a.local} peer ${a.peer}/${a.prefixLength}`

const family = (text: string): string => (text.includes(':') ? 'ip -6' : 'ip')

const routeText = (r: RouteIntent, o: { readonly verb: string; readonly link: string }): string =>
  [
    `${family(r.destination)} route ${o.verb} ${r.destination} dev ${o.link} proto ${WARREN_PROTOCOL}`,
    ...(r.table === 254 ? [] : [`table ${r.table}`]),
    ...(r.metric === undefined || r.metric === 0 ? [] : [`metric ${r.metric}`]),
  ].join(' ')

const ruleText = (r: RuleIntent, verb: string): string =>
  [
    `${r.family === 'inet6' ? 'ip -6' : 'ip'} rule ${verb}`,
    ...(r.invert === true ? ['not'] : []),
    ...(r.fwmark === undefined ? [] : [`fwmark ${r.fwmark}`]),
    `table ${r.table}`,
    ...(r.suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${r.suppressPrefixLength}`]),
    ...(r.priority === undefined ? [] : [`priority ${r.priority}`]),
    `protocol ${WARREN_PROTOCOL}`,
  ].join(' ')

/** sysctl(8) takes dots for separators unless the name has a dot itself, as a VLAN's has. */
const sysctlName = (path: string): string => (path.includes('.') ? path : path.replaceAll('/', '.'))
