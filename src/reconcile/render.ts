/**
 * A step as the command one would type, in the words that Debian 12's iproute2 and wireguard-tools accept.
 * Keys appear as the names of files, never as themselves. One line per command. `ip address` of that age
 * cannot set the protocol number that the agent gives its addresses.
 */
import { altNameOf, WARREN_PROTOCOL } from '../model/index.ts'
import type { AddressIntent, KeySource, PeerChange, RouteIntent, RuleIntent, Step } from '../model/index.ts'
import { addText, createText, setText, wgCommand } from './render-link.ts'
import { inNamespace, iproute, quote } from './shell.ts'

export interface RenderOptions {
  /** The file that stands for a key. */
  readonly keyFile?: (source: KeySource) => string
}

export const render = (step: Step, o: RenderOptions = {}): string => {
  switch (step.kind) {
    case 'link-create':
      return createText(step, markText(step))
    case 'link-add':
      return addText(step)
    case 'link-mark':
      return markText(step)
    case 'link-delete':
      return iproute('ip', step.in, `link delete dev ${quote(step.link)}`)
    case 'link-set':
      return setText(step)
    case 'forwarding-add':
    case 'forwarding-delete':
      return iproute('bridge', step.in, forwardingText(step))
    case 'device-start':
      return `warren device ${quote(step.link)}${step.fwmark === undefined ? '' : ` --fwmark ${step.fwmark}`} &`
    case 'wireguard-set':
      return wgSet(step, o.keyFile ?? keyFileName)
    case 'address-add':
    case 'address-delete':
      return iproute(
        'ip',
        step.in,
        `address ${verb(step.kind)} ${addressText(step.address)} dev ${quote(step.link)}`,
      )
    case 'route-add':
    case 'route-delete':
      return routeText(step)
    case 'rule-add':
    case 'rule-delete':
      return iproute('ip', step.in, ruleText(step.rule, verb(step.kind)))
    case 'sysctl-set':
      return inNamespace(step.in, `sysctl -w ${sysctlName(step.path)}=${quote(step.value)}`)
  }
}

const verb = (kind: string): string => (kind.endsWith('-add') ? 'add' : 'delete')

const markText = (step: { readonly in?: Step['in']; readonly link: string }): string =>
  iproute('ip', step.in, `link property add dev ${quote(step.link)} altname ${quote(altNameOf(step.link))}`)

/** `append`: one hardware address may have several destinations. */
const forwardingText = (step: Extract<Step, { kind: 'forwarding-add' | 'forwarding-delete' }>): string =>
  [
    `fdb ${step.kind === 'forwarding-add' ? 'append' : 'delete'} ${step.entry.hardwareAddress}`,
    `dev ${quote(step.link)} dst ${step.entry.destination} self permanent`,
  ].join(' ')

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
  const { change } = step
  const own = [
    ...(change.privateKey === undefined ? [] : [`private-key ${quote(keyFile(change.privateKey))}`]),
    ...(change.listenPort === undefined ? [] : [`listen-port ${change.listenPort}`]),
    ...(change.fwmark === undefined ? [] : [`fwmark ${change.fwmark === 0 ? 'off' : change.fwmark}`]),
  ]
  const lines = change.peers.map((peer) => wgCommand(step, peerText(peer, keyFile)))
  return (own.length === 0 ? lines : [wgCommand(step, own.join(' ')), ...lines]).join('\n')
}

const peerText = (peer: PeerChange, keyFile: (source: KeySource) => string): string => {
  if (peer.kind === 'remove') return `peer ${peer.publicKey} remove`
  const words = [`peer ${peer.publicKey}`]
  if (peer.presharedKey !== undefined)
    words.push(
      `preshared-key ${peer.presharedKey === 'none' ? '/dev/null' : quote(keyFile(peer.presharedKey))}`,
    )
  if (peer.endpoint !== undefined) words.push(`endpoint ${quote(peer.endpoint)}`)
  if (peer.persistentKeepaliveSeconds !== undefined)
    words.push(`persistent-keepalive ${peer.persistentKeepaliveSeconds || 'off'}`)
  if (peer.allowedIPs !== undefined) words.push(`allowed-ips ${peer.allowedIPs.join(',') || "''"}`)
  return words.join(' ')
}

const addressText = (a: AddressIntent): string =>
  a.peer === undefined ? `${a.local}/${a.prefixLength}` : `${a.local} peer ${a.peer}/${a.prefixLength}`

const routeText = (step: Extract<Step, { kind: 'route-add' | 'route-delete' }>): string => {
  const { route: r, link } = step
  const words = [
    `route ${verb(step.kind)} ${r.destination}${viaText(r)} dev ${quote(link)} proto ${WARREN_PROTOCOL}`,
    ...(r.table === 254 ? [] : [`table ${r.table}`]),
    ...(r.metric === undefined || r.metric === 0 ? [] : [`metric ${r.metric}`]),
    ...(r.mtuBytes === undefined ? [] : [`mtu ${r.mtuBytes}`]),
  ].join(' ')
  return iproute('ip', step.in, family(r.destination, words))
}

const family = (text: string, words: string): string => (text.includes(':') ? `-6 ${words}` : words)

const viaText = ({ destination, gateway }: RouteIntent): string => {
  if (gateway === undefined) return ''
  const other = destination.includes(':') !== gateway.includes(':')
  return other ? ` via inet6 ${gateway}` : ` via ${gateway}`
}

const ruleText = (r: RuleIntent, verb: string): string =>
  [
    `${r.family === 'inet6' ? '-6 ' : ''}rule ${verb}`,
    ...(r.invert === true ? ['not'] : []),
    ...(r.fwmark === undefined ? [] : [`fwmark ${r.fwmark}`]),
    `table ${r.table}`,
    ...(r.suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${r.suppressPrefixLength}`]),
    ...(r.priority === undefined ? [] : [`priority ${r.priority}`]),
    `protocol ${WARREN_PROTOCOL}`,
  ].join(' ')

/** sysctl(8) takes dots for separators unless the name has a dot itself, as a VLAN's has. */
const sysctlName = (path: string): string => quote(path.includes('.') ? path : path.replaceAll('/', '.'))
