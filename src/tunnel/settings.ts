/**
 * What a tunnel is to be, read from a wg-quick(8) file (acceptance GL-01). Everything that is wrong comes at once.
 *
 * Such a file also says what to do with a link and with routing tables. Here is no link, so those lines are accepted
 * and ignored with a warning: the same file must work in both worlds. What wg(8) lets pass and can never work (no
 * address, no peer, nobody who could begin) is a problem here.
 */
import type { Problem } from '../model/index.ts'
import {
  canonicalAddress,
  type EndpointText,
  type FormatProblem,
  parseAddress,
  parseWgConfig,
  type WgConfig,
  type WgPeer,
  ZERO_KEY,
} from '../protocols/wireguard/formats/index.ts'
import { publicKeyOf } from './own-key.ts'

export interface TunnelSettings {
  /** In logs, metrics and status. */
  readonly name: string
  /** 44 characters of base64. */
  readonly privateKey: string
  /** 0: a random one. */
  readonly listenPort: number
  /** Our own inside the tunnel, without prefix length. */
  readonly addresses: readonly string[]
  /** Servers inside the tunnel; none: names cannot be resolved. */
  readonly dns: readonly string[]
  readonly searchDomains: readonly string[]
  readonly mtuBytes: number
  readonly peers: readonly TunnelPeerSettings[]
}

export interface TunnelPeerSettings {
  readonly publicKey: string
  readonly presharedKey?: string
  /** A name is resolved by this machine, not inside the tunnel. */
  readonly endpoint?: EndpointText
  readonly allowedIPs: readonly string[]
  /** 0: off. */
  readonly persistentKeepaliveSeconds: number
}

export interface ParseTunnelOptions {
  /** Where the text is from, for problems; default: `tunnel`. */
  readonly path?: string
  readonly name?: string
  /** When the file has no MTU line. */
  readonly defaultMtuBytes?: number
}

/** 1500 less IPv6 and UDP headers and WireGuard's own 32, as everyone else has it. */
export const DEFAULT_MTU_BYTES = 1420
/** RFC 8200 §5: every link of IPv6 carries that. */
const MIN_MTU_V6_BYTES = 1280
/** Our packet memory has room for that. */
const MAX_MTU_BYTES = 9000

/** `settings` is there unless a problem is an error. */
export function parseTunnelSettings(
  text: string,
  options: ParseTunnelOptions = {},
): { readonly settings?: TunnelSettings; readonly problems: readonly Problem[] } {
  const path = options.path ?? 'tunnel'
  const { config, problems: malformed } = parseWgConfig(text)
  const report = new Report(path, text)
  for (const problem of malformed) report.malformed(problem)
  checkInterface(config, report)
  // What is missing because its line was malformed has been said.
  if (malformed.length === 0) checkComplete(config, report)
  for (const peer of config.peers) checkPeer(peer, config, report)
  checkDistinct(config, report)
  checkDns(config, report)
  warnOfIgnored(config, report)
  const { problems } = report
  if (problems.some(({ severity }) => severity !== 'warning')) return { problems }
  const { privateKey } = config.interface
  return privateKey === undefined
    ? { problems }
    : { problems, settings: settingsOf(config, privateKey, options) }
}

function settingsOf(config: WgConfig, privateKey: string, o: ParseTunnelOptions): TunnelSettings {
  const wanted = config.interface
  return {
    name: o.name ?? 'tunnel',
    privateKey,
    listenPort: wanted.listenPort ?? 0,
    addresses: wanted.addresses.map(withoutLength),
    dns: wanted.dns,
    searchDomains: wanted.searchDomains,
    mtuBytes: wanted.mtuBytes ?? o.defaultMtuBytes ?? DEFAULT_MTU_BYTES,
    peers: config.peers.map((peer) => ({
      publicKey: peer.publicKey,
      ...(peer.presharedKey === undefined ? {} : { presharedKey: peer.presharedKey }),
      ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
      allowedIPs: peer.allowedIPs,
      persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds ?? 0,
    })),
  }
}

/** Problems in the order they are found, each with its line where there is one. */
class Report {
  readonly problems: Problem[] = []
  readonly #path: string
  readonly #lines: readonly string[]

  constructor(path: string, text: string) {
    this.#path = path
    this.#lines = text.split('\n')
  }

  malformed({ line, message, hint }: FormatProblem): void {
    this.problems.push({
      ...{ code: 'InvalidWireGuardConfig', path: this.#path, message },
      ...(hint === undefined ? {} : { hint }),
      at: { file: this.#path, line, column: 1 },
    })
  }

  wrong(where: string, message: string, hint: string): void {
    this.problems.push({ code: 'InvalidWireGuardConfig', path: `${this.#path} ${where}`, message, hint })
  }

  ignored(key: string, message: string): void {
    const index = this.#lines.findIndex((line) => new RegExp(`^\\s*${key}\\s*=`, 'i').test(line))
    this.problems.push({
      ...{ code: 'IgnoredSetting', path: `${this.#path} Interface.${key}`, message, severity: 'warning' },
      ...(index < 0 ? {} : { at: { file: this.#path, line: index + 1, column: 1 } }),
    })
  }

  unusual(where: string, message: string, hint: string): void {
    const path = `${this.#path} ${where}`
    this.problems.push({ code: 'InvalidWireGuardConfig', path, message, hint, severity: 'warning' })
  }
}

function checkInterface({ interface: wanted }: WgConfig, report: Report): void {
  if (wanted.privateKey === ZERO_KEY)
    report.wrong('Interface.PrivateKey', 'the key is all zeros', 'Make one with `wg genkey`.')
  const mtu = wanted.mtuBytes
  if (mtu === undefined) return
  if (mtu > MAX_MTU_BYTES)
    report.wrong('Interface.MTU', `${mtu} is more than ${MAX_MTU_BYTES}`, `Write 1280 to ${MAX_MTU_BYTES}.`)
  const hasV6 = wanted.addresses.some((address) => address.includes(':'))
  if (hasV6 && mtu < MIN_MTU_V6_BYTES)
    report.wrong(
      'Interface.MTU',
      `${mtu} is too small for IPv6, and there is an IPv6 address`,
      `Write at least ${MIN_MTU_V6_BYTES} (RFC 8200 §5), or leave the IPv6 address out.`,
    )
}

function checkComplete(config: WgConfig, report: Report): void {
  const { privateKey, addresses, listenPort } = config.interface
  if (privateKey === undefined)
    report.wrong('Interface.PrivateKey', 'there is no PrivateKey', 'Add the key that the peers know.')
  if (addresses.length === 0)
    report.wrong('Interface.Address', 'there is no Address', 'Add the address that the peers route to us.')
  if (config.peers.length === 0) {
    report.wrong('Peer', 'there is no [Peer]', 'Add the peer at the other end.')
  } else if (listenPort === undefined && config.peers.every(({ endpoint }) => endpoint === undefined)) {
    report.wrong(
      'Peer.Endpoint',
      'no peer has an Endpoint and there is no ListenPort, so nobody can begin',
      'Add an Endpoint, or a ListenPort that the peers know.',
    )
  }
}

function checkPeer(peer: WgPeer, config: WgConfig, report: Report): void {
  const where = `Peer[${config.peers.indexOf(peer)}]`
  const { privateKey } = config.interface
  if (peer.publicKey === ZERO_KEY)
    report.wrong(`${where}.PublicKey`, 'the key is all zeros', "Use the other end's public key.")
  else if (privateKey !== undefined && publicKeyOf(privateKey) === peer.publicKey)
    report.wrong(
      `${where}.PublicKey`,
      'it belongs to the PrivateKey of this file',
      "Use the other end's public key: what `wg pubkey` prints there.",
    )
  if (peer.allowedIPs.length === 0)
    report.unusual(
      `${where}.AllowedIPs`,
      'there are none, so nothing is sent to this peer and nothing taken from it',
      'Add what is behind it, such as 10.0.0.0/24 or 0.0.0.0/0.',
    )
}

function checkDistinct(config: WgConfig, report: Report): void {
  const keys = new Map<string, number>()
  const prefixes = new Map<string, number>()
  for (const [index, peer] of config.peers.entries()) {
    const same = keys.get(peer.publicKey)
    if (same !== undefined)
      report.wrong(`Peer[${index}].PublicKey`, `it is that of Peer[${same}]`, 'Join the two sections.')
    keys.set(peer.publicKey, index)
    for (const prefix of peer.allowedIPs) {
      const taken = prefixes.get(prefix)
      if (taken !== undefined && taken !== index)
        report.unusual(
          `Peer[${index}].AllowedIPs`,
          `${prefix} is also given to Peer[${taken}]; the later one gets it`,
          'Give each prefix to one peer.',
        )
      prefixes.set(prefix, index)
    }
  }
}

function checkDns({ interface: wanted, peers }: WgConfig, report: Report): void {
  for (const server of wanted.dns) {
    if (wanted.addresses.some((address) => canonicalAddress(withoutLength(address)) === server))
      report.unusual('Interface.DNS', `${server} is our own address`, 'Name the server inside the tunnel.')
    // wg-quick would ask it outside. Here that would tell this machine's network what is asked for.
    else if (!peers.some(({ allowedIPs }) => allowedIPs.some((prefix) => isInPrefix(prefix, server))))
      report.unusual(
        'Interface.DNS',
        `${server} is in no peer's AllowedIPs, so it cannot be asked: names are asked through the tunnel only`,
        `Add ${server} to the AllowedIPs of the peer that leads to it, or name a server inside the tunnel.`,
      )
  }
}

/** Of one family, and within the length of the prefix. */
export function isInPrefix(prefix: string, address: string): boolean {
  const [network = '', length = '0'] = prefix.split('/')
  const [a, b] = [parseAddress(network), parseAddress(address)]
  if (a === undefined || b === undefined || a.length !== b.length) return false
  return a.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, Number(length) - index * 8))
    return (byte ^ (b[index] ?? 0)) >> (8 - bits) === 0
  })
}

const NO_LINK = 'is ignored: a tunnel inside a process has no link'

function warnOfIgnored({ interface: wanted }: WgConfig, report: Report): void {
  if (wanted.fwmark !== undefined && wanted.fwmark !== 0)
    report.ignored('FwMark', 'FwMark is ignored: marking packets takes a privilege')
  if (wanted.table !== undefined) report.ignored('Table', `Table ${NO_LINK} and touches no routing table`)
  if (wanted.preUp.length > 0) report.ignored('PreUp', `PreUp ${NO_LINK}; its commands are not run`)
  if (wanted.postUp.length > 0) report.ignored('PostUp', `PostUp ${NO_LINK}; its commands are not run`)
  if (wanted.preDown.length > 0) report.ignored('PreDown', `PreDown ${NO_LINK}; its commands are not run`)
  if (wanted.postDown.length > 0) report.ignored('PostDown', `PostDown ${NO_LINK}; its commands are not run`)
  if (wanted.saveConfig) report.ignored('SaveConfig', 'SaveConfig is ignored: the file is never written')
}

const withoutLength = (address: string): string => address.slice(0, address.indexOf('/'))
