/**
 * Links of every kind in the words of ip-link(8): our settings are the kernel's, and iproute2 has words of its own
 * for most of them.
 */
import { birthNameOf, linkIdOf } from '../model/index.ts'
import type { ContainerRef, LinkKind, LinkSettings, Step } from '../model/index.ts'
import { inNamespace, iproute, netnsWord, quote } from './shell.ts'

type Value = LinkSettings[string]
/** Words for a value; a text alone is followed by the value. */
type Word = string | ((value: Value) => string)

const either =
  (yes: string, no: string): Word =>
  (value) =>
    value === true ? yes : no
/** `nolearning`, `learning`. */
const flag = (word: string): Word => either(word, `no${word}`)
const zeroOrOne =
  (word: string): Word =>
  (value) =>
    `${word} ${value === true ? 1 : 0}`
const onOrOff =
  (word: string): Word =>
  (value) =>
    `${word} ${value === true ? 'on' : 'off'}`
/** Seconds of ours, hundredths of theirs. */
const hundredths =
  (word: string): Word =>
  (value) =>
    `${word} ${Math.round(Number(value) * 100)}`
const hex =
  (word: string): Word =>
  (value) =>
    `${word} 0x${Number(value).toString(16)}`

const isMulticast = (value: Value): boolean => /^(?:22[4-9]\.|23\d\.|ff)/i.test(String(value))

const IP_TUNNEL: Readonly<Record<string, Word>> = {
  ...{ local: 'local', remote: 'remote', link: 'dev', ttl: 'ttl', tos: hex('tos') },
  ...{ pathMtuDiscovery: flag('pmtudisc'), inputKey: 'ikey', outputKey: 'okey' },
}
const IP6_TUNNEL: Readonly<Record<string, Word>> = {
  ...{ local: 'local', remote: 'remote', link: 'dev', ttl: 'hoplimit', tos: hex('tclass') },
  ...{ encapLimit: 'encaplimit', inputKey: 'ikey', outputKey: 'okey' },
}

const WORDS: Readonly<Record<LinkKind, Readonly<Record<string, Word>>>> = {
  dummy: {},
  veth: {},
  vrf: { table: 'table' },
  macvlan: { mode: 'mode' },
  vlan: { protocol: 'protocol', id: 'id', reorderHeader: onOrOff('reorder_hdr') },
  bridge: {
    ...{ forwardDelay: hundredths('forward_delay'), helloTime: hundredths('hello_time') },
    ...{ maxAge: hundredths('max_age'), ageingTime: hundredths('ageing_time') },
    ...{ stp: zeroOrOne('stp_state'), priority: 'priority', vlanFiltering: zeroOrOne('vlan_filtering') },
    ...{ vlanProtocol: 'vlan_protocol', multicastSnooping: zeroOrOne('mcast_snooping') },
    groupForwardMask: hex('group_fwd_mask'),
  },
  vxlan: {
    ...{ id: 'id', link: 'dev', local: 'local', port: 'dstport' },
    group: (value) => `${isMulticast(value) ? 'group' : 'remote'} ${quote(String(value))}`,
    ...{ ttl: 'ttl', tos: hex('tos'), learning: flag('learning'), proxy: flag('proxy') },
    ageing: (value) => `ageing ${value === 0 ? 4_294_967_295 : Number(value)}`,
    ...{ limit: 'maxaddress', udpChecksum: flag('udpcsum'), udpZeroChecksum6Tx: flag('udp6zerocsumtx') },
    ...{ udpZeroChecksum6Rx: flag('udp6zerocsumrx'), l2Miss: flag('l2miss'), l3Miss: flag('l3miss') },
    external: either('external', 'noexternal'),
  },
  ipip: IP_TUNNEL,
  gre: IP_TUNNEL,
  gretap: IP_TUNNEL,
  ip6tnl: IP6_TUNNEL,
  ip6gre: IP6_TUNNEL,
  ip6gretap: IP6_TUNNEL,
}

/** `link PARENT` before the name. */
const STACKED: ReadonlySet<LinkKind> = new Set(['vlan', 'macvlan'])

/** `type vxlan id 7 dev wg0`. */
const typeText = (kind: LinkKind, settings: LinkSettings): string => {
  const words = Object.entries(WORDS[kind]).flatMap(([name, word]) => {
    const value = settings[name]
    if (value === undefined || value === '') return []
    return [typeof word === 'string' ? `${word} ${quote(String(value))}` : word(value)]
  })
  const { sourcePortLow, sourcePortHigh } = settings
  if (kind === 'vxlan' && sourcePortLow !== undefined && sourcePortHigh !== undefined)
    words.push(`srcport ${sourcePortLow} ${sourcePortHigh}`)
  return [`type ${kind}`, ...words].join(' ')
}

interface Shape {
  readonly mtuBytes?: number | undefined
  readonly hardwareAddress?: string | undefined
}

const shapeText = ({ mtuBytes, hardwareAddress }: Shape): string =>
  `${mtuBytes === undefined ? '' : ` mtu ${mtuBytes}`}${hardwareAddress === undefined ? '' : ` address ${hardwareAddress}`}`

export const addText = (step: Extract<Step, { kind: 'link-add' }>): string => {
  const { type, settings, peer } = step
  const parent =
    STACKED.has(type) && settings.link !== undefined ? `link ${quote(String(settings.link))} ` : ''
  const words = `link add ${parent}${quote(step.link)}${shapeText(step)} ${typeText(type, settings)}`
  if (peer === undefined) return iproute('ip', step.in, words)
  const elsewhere = sameNetns(peer.in, step.in) ? '' : ` netns ${netnsWord(peer.in)}`
  return iproute('ip', step.in, `${words} peer name ${quote(peer.link)}${elsewhere}${shapeText(peer)}`)
}

const sameNetns = (a: ContainerRef | undefined, b: ContainerRef | undefined): boolean =>
  netnsWord(a) === netnsWord(b)

export const setText = (step: Extract<Step, { kind: 'link-set' }>): string => {
  const { link, name, up, master, type, settings } = step
  const words = [
    `link set dev ${quote(link)}`,
    ...(name === undefined ? [] : [`name ${quote(name)}`]),
    ...(up === undefined ? [] : [up ? 'up' : 'down']),
  ]
  const shape = shapeText(step)
  if (master !== undefined) words.push(master === null ? 'nomaster' : `master ${quote(master)}`)
  if (type !== undefined && settings !== undefined) words.push(typeText(type, settings))
  return iproute(
    'ip',
    step.in,
    `${words[0]}${shape}${words.length > 1 ? ' ' : ''}${words.slice(1).join(' ')}`,
  )
}

export const createText = (step: Extract<Step, { kind: 'link-create' }>, mark: string): string => {
  const { link, backend, mtuBytes, fwmark } = step
  const place = step.in
  const name = quote(place === undefined ? link : birthNameOf(linkIdOf(link, place)))
  const made =
    backend === 'kernel'
      ? `ip link add ${name} mtu ${mtuBytes} type wireguard`
      : `warren device ${name} --mtu ${mtuBytes}${fwmark === undefined ? '' : ` --fwmark ${fwmark}`} &`
  if (place === undefined) return `${made}\n${mark}`
  return `${made}\nip link set dev ${name} netns ${netnsWord(place)} name ${quote(link)}\n${mark}`
}

/** Where `wg` finds an interface: in its namespace, or by the socket of its process, which keeps its first name. */
export const wgCommand = (step: Extract<Step, { kind: 'wireguard-set' }>, words: string): string => {
  if (step.in === undefined || step.backend === 'kernel')
    return inNamespace(step.in, `wg set ${quote(step.link)} ${words}`)
  return `wg set ${birthNameOf(linkIdOf(step.link, step.in))} ${words}`
}
