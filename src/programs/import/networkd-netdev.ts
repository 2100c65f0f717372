/** One .netdev file → the link that it makes. */
import {
  parseEndpoint,
  type WgConfig,
  type WgPeer,
  EMPTY_INTERFACE,
  isKey,
} from '../../protocols/wireguard/formats/index.ts'
import { canonicalPrefix, isLinkName } from '../../model/index.ts'
import { type FoundLink, type ImportDraft, put } from './import-draft.ts'
import { type NetdevKind, NETDEVS } from './networkd-netdevs.ts'
import { sectionsOf, type Unit, type UnitSection, valuesOf } from './unit-file.ts'
import { bytes, table, whole, wholeSeconds } from './values.ts'

export interface NetworkdOptions {
  /** The text of a file that keeps a key. Undefined: it cannot be read. */
  readonly readKeyFile: (path: string) => string | undefined
}

export interface NetdevContext extends NetworkdOptions {
  readonly draft: ImportDraft
}

export function addNetdev(unit: Unit, context: NetdevContext): void {
  const { draft } = context
  const head = sectionsOf(unit, 'NetDev').flatMap((section) => section.entries)
  const last = (key: string) => valuesOf(head, key).at(-1)?.value ?? ''
  const [name, kindName] = [last('Name'), last('Kind')]
  const kind = Object.hasOwn(NETDEVS, kindName) ? NETDEVS[kindName] : undefined
  if (!isLinkName(name) || (kind === undefined && kindName !== 'wireguard')) {
    const why = isLinkName(name)
      ? `${name}: links of the kind ${wordOf(kindName)}`
      : 'a link whose name is not one'
    draft.leave(unit.file, `all of it: ${why} cannot be declared`)
    return
  }
  const link = draft.add({ name, type: kind?.type ?? 'wireguard', where: unit.file })
  if (link === undefined) return
  readHead(unit, link, draft)
  if (kind === undefined) readWireGuard(unit, link, context)
  else readKind(unit, { link, kind, draft })
}

/** What stands where a word is expected, unless it could be a key. */
const wordOf = (text: string): string => (/^[A-Za-z0-9_-]{1,20}$/.test(text) ? text : 'that it names')

function readHead(unit: Unit, link: FoundLink, draft: ImportDraft): void {
  for (const { entries } of sectionsOf(unit, 'NetDev')) {
    for (const { key, value, line } of entries) {
      const where = `${unit.file}:${line}`
      if (key === 'Name' || key === 'Kind' || value === '') continue
      if (key === 'MTUBytes') {
        const mtu = bytes(value)
        if (typeof mtu === 'number') link.mtu = mtu
        else draft.leave(where, '[NetDev] MTUBytes: not understood')
      } else if (key === 'MACAddress' && isMac(value)) link.hardwareAddress = macOf(value)
      else draft.leave(where, `[NetDev] ${key}`)
    }
  }
}

const isMac = (text: string): boolean => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)
export const macOf = (text: string): string => text.replaceAll('-', ':').toLowerCase()

interface KindContext {
  readonly link: FoundLink
  readonly kind: NetdevKind
  readonly draft: ImportDraft
}

function readKind(unit: Unit, { link, kind, draft }: KindContext): void {
  Object.assign(link.block, kind.defaults)
  for (const section of unit.sections) {
    if (section.name === 'NetDev') continue
    if (section.name !== kind.section) {
      draft.leave(`${unit.file}:${section.line}`, `[${section.name}]`)
      continue
    }
    for (const { key, value, line } of section.entries) {
      if (value === '') continue
      if (section.name === 'Peer' && key === 'Name' && isLinkName(value)) {
        link.peer = value
        const far = draft.add({ name: value, type: 'veth', where: unit.file })
        if (far !== undefined) far.peer = link.name
      } else
        readField({ key, value, where: `${unit.file}:${line}`, section: section.name }, { link, kind, draft })
    }
  }
  readPeerMac(unit, link, draft)
}

interface Field {
  readonly key: string
  readonly value: string
  readonly where: string
  readonly section: string
}

function readField({ key, value, where, section }: Field, { link, kind, draft }: KindContext): void {
  if (section === 'Peer' && key === 'MACAddress') return
  if (section === 'VXLAN' && key === 'PortRange') {
    const [, start, end] = /^(\d{1,5})-(\d{1,5})$/.exec(value) ?? []
    if (start === undefined || end === undefined) draft.leave(where, '[VXLAN] PortRange: not understood')
    else link.block['sourcePortRange'] = { start: Number(start), end: Number(end) }
    return
  }
  const field = Object.hasOwn(kind.fields, key) ? kind.fields[key] : undefined
  if (field === undefined) {
    draft.leave(where, `[${section}] ${key}`)
    return
  }
  const taken = field[1](value)
  if (taken === undefined) draft.leave(where, `[${section}] ${key}: not understood`)
  else if (taken !== '') put(link.block, field[0], taken)
}

function readPeerMac(unit: Unit, link: FoundLink, draft: ImportDraft): void {
  for (const { key, value, line } of sectionsOf(unit, 'Peer').flatMap((section) => section.entries)) {
    if (key !== 'MACAddress') continue
    const far = draft.links.get(link.peer ?? '')
    if (far !== undefined && isMac(value)) far.hardwareAddress = macOf(value)
    else draft.leave(`${unit.file}:${line}`, '[Peer] MACAddress: not understood')
  }
}

function readWireGuard(unit: Unit, link: FoundLink, { draft, readKeyFile }: NetdevContext): void {
  const section: { privateKey?: string; listenPort?: number; fwmark?: number } = {}
  const peers: WgPeer[] = []
  for (const { name, entries, line: at } of unit.sections) {
    if (name === 'NetDev') continue
    if (name === 'WireGuardPeer') {
      const peer = peerOf({ name, entries, line: at }, { unit, draft, readKeyFile })
      if (peer === undefined) draft.leave(`${unit.file}:${at}`, '[WireGuardPeer]: without a public key')
      else peers.push(peer)
      continue
    }
    if (name !== 'WireGuard') {
      draft.leave(`${unit.file}:${at}`, `[${name}]`)
      continue
    }
    for (const { key, value, line } of entries) {
      const mark = whole(value)
      if (value === '') continue
      if (key === 'PrivateKey' && isKey(value)) section.privateKey = value
      else if (key === 'PrivateKeyFile' && isKey(keyIn(value, readKeyFile)))
        section.privateKey = keyIn(value, readKeyFile)
      else if (key === 'RouteTable' && routingTable(value) !== undefined) setTable(link, value)
      else if (key === 'ListenPort' && typeof mark === 'number') section.listenPort = mark
      else if (key === 'FirewallMark' && typeof mark === 'number') section.fwmark = mark
      else if (!(key === 'ListenPort' && value === 'auto'))
        draft.leave(`${unit.file}:${line}`, `[WireGuard] ${key}${noteOn(key)}`)
    }
  }
  link.wireguard = { interface: { ...EMPTY_INTERFACE, ...section }, peers } satisfies WgConfig
}

const routingTable = (text: string): FoundLink['routingTable'] => {
  const number = table(text)
  if (text === 'off' || typeof number !== 'number') return text === 'off' ? 'off' : undefined
  return number === 254 ? 'main' : number
}

function setTable(link: FoundLink, text: string): void {
  const found = routingTable(text)
  if (found !== undefined) link.routingTable = found
}

const keyIn = (path: string, readKeyFile: NetworkdOptions['readKeyFile']): string =>
  (readKeyFile(path) ?? '').trim()

const noteOn = (key: string): string =>
  key.endsWith('KeyFile')
    ? ': the file has no key that could be read here'
    : key.endsWith('Key')
      ? ': not a key'
      : ''

interface PeerContext extends NetworkdOptions {
  readonly unit: Unit
  readonly draft: ImportDraft
}

function peerOf({ entries }: UnitSection, { unit, draft, readKeyFile }: PeerContext): WgPeer | undefined {
  const peer: { -readonly [Key in keyof WgPeer]?: WgPeer[Key] } = {}
  const allowed: string[] = []
  for (const { key, value, line } of entries) {
    const number = wholeSeconds(value)
    const fromFile = key.endsWith('KeyFile') ? keyIn(value, readKeyFile) : value
    if (value === '') continue
    if (key === 'PublicKey' && isKey(value)) peer.publicKey = value
    else if (/^PresharedKey(File)?$/.test(key) && isKey(fromFile)) peer.presharedKey = fromFile
    else if (key === 'AllowedIPs') allowed.push(...value.split(/[\s,]+/).filter(Boolean))
    else if (key === 'Endpoint' && parseEndpoint(value) !== undefined) setEndpoint(peer, value)
    else if (key === 'PersistentKeepalive' && typeof number === 'number')
      peer.persistentKeepaliveSeconds = number
    else if (!(key === 'PersistentKeepalive' && value === 'off'))
      draft.leave(`${unit.file}:${line}`, `[WireGuardPeer] ${key}${noteOn(key)}`)
  }
  const { publicKey } = peer
  const allowedIPs = allowed.map(canonicalPrefix)
  return publicKey === undefined ? undefined : { ...peer, publicKey, comments: [], allowedIPs }
}

function setEndpoint(peer: { endpoint?: WgPeer['endpoint'] }, text: string): void {
  const endpoint = parseEndpoint(text)
  if (endpoint !== undefined) peer.endpoint = endpoint
}
