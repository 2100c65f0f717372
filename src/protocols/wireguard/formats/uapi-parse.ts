/**
 * Reads the userspace API's text: requests, as the device's server, and responses, as its client. Strict, as
 * the specification asks: an unknown key, a value out of range or a line out of place refuses the whole
 * request, and nothing of it is applied. Reasons never repeat a value, because it may be a key.
 */
import { canonicalPrefix, formatEndpoint, isHostName, parseAddress, parseEndpoint } from './ip-text.ts'
import { keyFromHex, ZERO_KEY } from './key-text.ts'
import type { UapiChange, UapiDevice, UapiPeer, UapiPeerChange, UapiRequest } from './uapi.ts'

export type UapiParsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** `errno` is positive: 22 is EINVAL, 71 is EPROTO. */
  | { readonly kind: 'refused'; readonly errno: number; readonly line: number; readonly reason: string }

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type PeerDraft = Writable<Omit<UapiPeerChange, 'allowedIPs' | 'removedAllowedIPs'>> & {
  allowedIPs: string[]
  removedAllowedIPs?: string[]
}
type ChangeDraft = Writable<Omit<UapiChange, 'peers'>> & { peers: PeerDraft[] }
type DeviceDraft = Writable<Omit<UapiDevice, 'peers'>> & {
  peers: (Writable<Omit<UapiPeer, 'allowedIPs'>> & { allowedIPs: string[] })[]
}

const EINVAL = 22
const EPROTO = 71

/** One request, with or without its closing empty line. Keys before the first `public_key` are the device's. */
export function parseUapiRequest(text: string): UapiParsed<UapiRequest> {
  const lines = linesOf(text)
  const operation = lines.shift()
  if (operation === 'get=1') {
    return lines.length === 0 ? { kind: 'ok', value: { kind: 'get' } } : refused(2, 'get takes no keys')
  }
  if (operation !== 'set=1') return { ...refused(1, 'expected get=1 or set=1'), errno: EPROTO }
  const change: ChangeDraft = { peers: [] }
  for (const [index, line] of lines.entries()) {
    const reason = applyLine(line, (key, value) => setKey(change, key, value))
    if (reason !== undefined) return refused(index + 2, reason)
  }
  return { kind: 'ok', value: { kind: 'set', change } }
}

/** The answer to `get=1`. A non-zero errno comes back as `refused` with that number. */
export function parseUapiGet(text: string): UapiParsed<UapiDevice> {
  const lines = linesOf(text)
  const errno = parseUapiErrno(text)
  if (errno === undefined) return refused(lines.length, 'the answer has no errno')
  if (errno !== 0)
    return { kind: 'refused', errno, line: lines.length, reason: `the device answered ${errno}` }
  lines.pop()
  const device: DeviceDraft = { privateKey: undefined, listenPort: 0, fwmark: 0, peers: [] }
  for (const [index, line] of lines.entries()) {
    const reason = applyLine(line, (key, value) => getKey(device, key, value))
    if (reason !== undefined) return refused(index + 1, reason)
  }
  return { kind: 'ok', value: device }
}

/** The number behind the last `errno=`, made positive; undefined when the text does not end in one. */
export function parseUapiErrno(text: string): number | undefined {
  const match = /(?:^|\n)errno=(-?\d{1,10})\n?\n?$/.exec(text)
  return match ? Math.abs(Number(match[1])) : undefined
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  while (lines.at(-1) === '') lines.pop()
  return lines
}

function refused(line: number, reason: string): UapiParsed<never> & { kind: 'refused' } {
  return { kind: 'refused', errno: EINVAL, line, reason }
}

function applyLine(
  line: string,
  apply: (key: string, value: string) => boolean | undefined,
): string | undefined {
  const equals = line.indexOf('=')
  if (equals < 1) return 'expected key=value'
  const key = line.slice(0, equals)
  const known = apply(key, line.slice(equals + 1))
  if (known === undefined) return /^[a-z_]{1,40}$/.test(key) ? `unknown key ${key}` : 'unknown key'
  return known ? undefined : `bad value for ${key}`
}

/** True: taken. False: a bad value. Undefined: no such key here. */
function setKey(change: ChangeDraft, key: string, value: string): boolean | undefined {
  if (key === 'public_key') {
    const publicKey = keyFromHex(value)
    return publicKey !== undefined && change.peers.push({ publicKey, allowedIPs: [] }) > 0
  }
  const peer = change.peers.at(-1)
  if (peer) return setPeerKey(peer, key, value)
  switch (key) {
    case 'private_key':
      return take(keyFromHex(value), (parsed) => (change.privateKey = parsed))
    case 'listen_port':
      return take(integer(value, 65535), (parsed) => (change.listenPort = parsed))
    case 'fwmark':
      return take(integer(value, 0xffffffff), (parsed) => (change.fwmark = parsed))
    case 'replace_peers':
      return take(yes(value), (parsed) => (change.replacePeers = parsed))
    default:
      return undefined
  }
}

function setPeerKey(peer: PeerDraft, key: string, value: string): boolean | undefined {
  switch (key) {
    case 'remove':
      return take(yes(value), (parsed) => (peer.remove = parsed))
    case 'update_only':
      return take(yes(value), (parsed) => (peer.updateOnly = parsed))
    case 'preshared_key':
      return take(keyFromHex(value), (parsed) => (peer.presharedKey = parsed))
    case 'endpoint':
      return take(numericEndpoint(value), (parsed) => (peer.endpoint = parsed))
    case 'persistent_keepalive_interval':
      return take(integer(value, 65535), (parsed) => (peer.persistentKeepaliveSeconds = parsed))
    case 'replace_allowed_ips':
      return take(yes(value), (parsed) => (peer.replaceAllowedIPs = parsed))
    case 'allowed_ip':
      return value.startsWith('-')
        ? take(canonicalPrefix(value.slice(1)), (parsed) => (peer.removedAllowedIPs ??= []).push(parsed))
        : take(canonicalPrefix(value), (parsed) => peer.allowedIPs.push(parsed))
    case 'protocol_version':
      return value === '1'
    default:
      return undefined
  }
}

function getKey(device: DeviceDraft, key: string, value: string): boolean | undefined {
  if (key === 'public_key') {
    return take(keyFromHex(value), (publicKey) => device.peers.push(newPeer(publicKey)))
  }
  const peer = device.peers.at(-1)
  if (peer) return getPeerKey(peer, key, value)
  switch (key) {
    case 'private_key':
      return take(
        keyFromHex(value),
        (parsed) => (device.privateKey = parsed === ZERO_KEY ? undefined : parsed),
      )
    case 'listen_port':
      return take(integer(value, 65535), (parsed) => (device.listenPort = parsed))
    case 'fwmark':
      return take(integer(value, 0xffffffff), (parsed) => (device.fwmark = parsed))
    default:
      return undefined
  }
}

const PEER_NUMBERS = {
  last_handshake_time_sec: 'lastHandshakeSeconds',
  last_handshake_time_nsec: 'lastHandshakeNanoseconds',
  rx_bytes: 'rxBytes',
  tx_bytes: 'txBytes',
  persistent_keepalive_interval: 'persistentKeepaliveSeconds',
  protocol_version: 'protocolVersion',
} as const

function getPeerKey(peer: DeviceDraft['peers'][number], key: string, value: string): boolean | undefined {
  if (Object.hasOwn(PEER_NUMBERS, key)) {
    const field = PEER_NUMBERS[key as keyof typeof PEER_NUMBERS]
    return take(integer(value, Number.MAX_SAFE_INTEGER), (parsed) => (peer[field] = parsed))
  }
  switch (key) {
    case 'preshared_key':
      return take(
        keyFromHex(value),
        (parsed) => (peer.presharedKey = parsed === ZERO_KEY ? undefined : parsed),
      )
    case 'endpoint':
      return take(numericEndpoint(value), (parsed) => (peer.endpoint = parsed))
    case 'allowed_ip':
      return take(canonicalPrefix(value), (parsed) => peer.allowedIPs.push(parsed))
    default:
      return undefined
  }
}

function newPeer(publicKey: string): DeviceDraft['peers'][number] {
  return {
    publicKey,
    presharedKey: undefined,
    endpoint: undefined,
    allowedIPs: [],
    persistentKeepaliveSeconds: 0,
    lastHandshakeSeconds: 0,
    lastHandshakeNanoseconds: 0,
    rxBytes: 0,
    txBytes: 0,
    protocolVersion: 1,
  }
}

function take<T>(parsed: T | undefined, store: (value: T) => unknown): boolean {
  if (parsed === undefined) return false
  store(parsed)
  return true
}

function integer(text: string, max: number): number | undefined {
  return /^\d{1,16}$/.test(text) && Number(text) <= max ? Number(text) : undefined
}

/** Flags of the UAPI are `true` or absent; `false` is an error there too. */
function yes(text: string): true | undefined {
  return text === 'true' ? true : undefined
}

function numericEndpoint(text: string): string | undefined {
  const endpoint = parseEndpoint(text)
  if (!endpoint) return undefined
  const address = endpoint.host.split('%')[0] ?? ''
  return isHostName(address) && parseAddress(address) === undefined ? undefined : formatEndpoint(endpoint)
}
