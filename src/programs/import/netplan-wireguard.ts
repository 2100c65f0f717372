/** A tunnel of netplan's mode `wireguard`. A key may stand in the file, or in another that is named by its path. */
import { canonicalPrefix } from '../../model/index.ts'
import {
  EMPTY_INTERFACE,
  isKey,
  parseEndpoint,
  type WgPeer,
} from '../../protocols/wireguard/formats/index.ts'
import type { FoundLink, ImportDraft } from './import-draft.ts'
import { isMap, listOf, textOf, type YamlMap } from './netplan-values.ts'
import { whole } from './values.ts'

interface WireGuardContext {
  readonly draft: ImportDraft
  readonly readKeyFile: (path: string) => string | undefined
}

/** The keys that were taken or listed. */
export function wireGuardOfNetplan(
  link: FoundLink,
  body: YamlMap,
  context: WireGuardContext,
): readonly string[] {
  const { draft } = context
  const leave = (what: string): void => draft.leave(link.where, what)
  const keys = isMap(body['keys']) ? body['keys'] : {}
  const given = body['key'] ?? keys['private']
  const privateKey = keyOf(given, context)
  if (given !== undefined && privateKey === undefined) leave('key: it could not be read here')
  for (const key of Object.keys(keys)) if (key !== 'private') leave(`keys.${key}`)
  const [listenPort, fwmark] = [whole(textOf(body['port']) ?? ''), whole(textOf(body['mark']) ?? '')]
  const peers = listOf(body['peers']).flatMap((one, index) => {
    const peer = isMap(one)
      ? peerOf(one, { ...context, leave: (what) => leave(`peers[${index}].${what}`) })
      : undefined
    if (peer === undefined) leave(`peers[${index}]: without a public key`)
    return peer ?? []
  })
  link.wireguard = {
    interface: {
      ...EMPTY_INTERFACE,
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(typeof listenPort === 'number' ? { listenPort } : {}),
      ...(typeof fwmark === 'number' ? { fwmark } : {}),
    },
    peers,
  }
  return ['key', 'keys', 'port', 'mark', 'peers']
}

function keyOf(value: unknown, { readKeyFile }: WireGuardContext): string | undefined {
  const text = textOf(value)
  if (text === undefined) return undefined
  const key = text.startsWith('/') && !isKey(text) ? (readKeyFile(text) ?? '').trim() : text
  return isKey(key) ? key : undefined
}

interface PeerContext extends WireGuardContext {
  readonly leave: (what: string) => void
}

function peerOf(body: YamlMap, context: PeerContext): WgPeer | undefined {
  const { leave } = context
  const keys = isMap(body['keys']) ? body['keys'] : {}
  const publicKey = textOf(keys['public'])
  if (publicKey === undefined || !isKey(publicKey)) return undefined
  const presharedKey = keyOf(keys['shared'], context)
  if (keys['shared'] !== undefined && presharedKey === undefined)
    leave('keys.shared: it could not be read here')
  const text = textOf(body['endpoint'])
  const endpoint = text === undefined ? undefined : parseEndpoint(text)
  if (text !== undefined && endpoint === undefined) leave('endpoint: not understood')
  const keepalive = whole(textOf(body['keepalive']) ?? '')
  for (const key of Object.keys(body)) {
    if (!['keys', 'endpoint', 'keepalive', 'allowed-ips'].includes(key)) leave(key)
  }
  return {
    comments: [],
    publicKey,
    ...(presharedKey === undefined ? {} : { presharedKey }),
    ...(endpoint === undefined ? {} : { endpoint }),
    allowedIPs: listOf(body['allowed-ips']).flatMap((one) =>
      typeof one === 'string' ? [canonicalPrefix(one)] : [],
    ),
    ...(typeof keepalive === 'number' ? { persistentKeepaliveSeconds: keepalive } : {}),
  }
}
