/**
 * WireGuard's configuration file and its rendering: wg(8) "CONFIGURATION FILE FORMAT" (`wg setconf`, `wg
 * showconf`) and wg-quick(8), which adds Address, DNS, MTU, Table, PreUp … PostDown and SaveConfig. One value
 * holds both. `wg-config-parse.ts` reads it.
 */
import { type EndpointText, formatEndpoint } from './ip-text.ts'

export interface WgConfig {
  readonly interface: WgInterface
  readonly peers: readonly WgPeer[]
}

export interface WgInterface {
  /** Lines beginning with `#` in this section or right above it, without the sign. */
  readonly comments: readonly string[]
  /** 44 characters of base64. */
  readonly privateKey?: string
  readonly listenPort?: number
  /** 0: off. */
  readonly fwmark?: number
  /** With length, host bits kept. */
  readonly addresses: readonly string[]
  readonly dns: readonly string[]
  /** Entries of `DNS` that are no addresses. */
  readonly searchDomains: readonly string[]
  readonly mtuBytes?: number
  /** `auto`, `off`, a number or a name of rt_tables. */
  readonly table?: string
  readonly preUp: readonly string[]
  readonly postUp: readonly string[]
  readonly preDown: readonly string[]
  readonly postDown: readonly string[]
  readonly saveConfig?: boolean
}

export interface WgPeer {
  readonly comments: readonly string[]
  readonly publicKey: string
  readonly presharedKey?: string
  readonly endpoint?: EndpointText
  /** Prefixes, host bits cleared. */
  readonly allowedIPs: readonly string[]
  /** 0: off. */
  readonly persistentKeepaliveSeconds?: number
}

/** What every optional list starts from. */
export const EMPTY_INTERFACE: WgInterface = {
  comments: [],
  addresses: [],
  dns: [],
  searchDomains: [],
  preUp: [],
  postUp: [],
  preDown: [],
  postDown: [],
}

export interface FormatWgConfigOptions {
  /** `setconf`: only what `wg setconf` takes. */
  readonly dialect?: 'wg-quick' | 'setconf'
}

export function formatWgConfig(
  config: WgConfig,
  { dialect = 'wg-quick' }: FormatWgConfigOptions = {},
): string {
  const sections = [interfaceLines(config.interface, dialect), ...config.peers.map(peerLines)]
  return sections.map((lines) => `${lines.join('\n')}\n`).join('\n')
}

function interfaceLines(section: WgInterface, dialect: 'wg-quick' | 'setconf'): string[] {
  const lines = ['[Interface]', ...section.comments.map(commentLine)]
  const put = (key: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push(`${key} = ${value}`)
  }
  if (dialect === 'wg-quick') for (const address of section.addresses) put('Address', address)
  put('PrivateKey', section.privateKey)
  put('ListenPort', section.listenPort)
  put('FwMark', section.fwmark === undefined ? undefined : formatMark(section.fwmark))
  if (dialect === 'setconf') return lines
  put('MTU', section.mtuBytes)
  const resolvers = [...section.dns, ...section.searchDomains]
  if (resolvers.length > 0) put('DNS', resolvers.join(', '))
  put('Table', section.table)
  for (const command of section.preUp) put('PreUp', command)
  for (const command of section.postUp) put('PostUp', command)
  for (const command of section.preDown) put('PreDown', command)
  for (const command of section.postDown) put('PostDown', command)
  put('SaveConfig', section.saveConfig === undefined ? undefined : String(section.saveConfig))
  return lines
}

function peerLines(peer: WgPeer): string[] {
  const lines = ['[Peer]', ...peer.comments.map(commentLine), `PublicKey = ${peer.publicKey}`]
  if (peer.presharedKey !== undefined) lines.push(`PresharedKey = ${peer.presharedKey}`)
  if (peer.endpoint !== undefined) lines.push(`Endpoint = ${formatEndpoint(peer.endpoint)}`)
  if (peer.allowedIPs.length > 0) lines.push(`AllowedIPs = ${peer.allowedIPs.join(', ')}`)
  if (peer.persistentKeepaliveSeconds !== undefined) {
    lines.push(`PersistentKeepalive = ${peer.persistentKeepaliveSeconds || 'off'}`)
  }
  return lines
}

function formatMark(mark: number): string {
  return mark === 0 ? 'off' : `0x${mark.toString(16)}`
}

function commentLine(text: string): string {
  return text === '' ? '#' : `# ${text}`
}
