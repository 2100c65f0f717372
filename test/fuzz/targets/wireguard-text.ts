/** WireGuard's texts: the userspace API both ways, and wg-quick files. What parses must format to the same again. */
import assert from 'node:assert/strict'
import {
  formatUapiGet,
  formatUapiSet,
  formatWgConfig,
  parseUapiGet,
  parseUapiRequest,
  parseWgConfig,
} from '../../../src/protocols/wireguard/formats/index.ts'
import type { FuzzTarget } from '../target.ts'

const HEX_KEY = '0123456789abcdef'.repeat(4)
const KEY = Buffer.from(HEX_KEY, 'hex').toString('base64')
const ADDRESSES = ['10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::1/64', '192.0.2.1:51820', '[2001:db8::1]:51820']
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const UAPI_WORDS = [
  ...['private_key=', 'listen_port=', 'fwmark=', 'replace_peers=true', 'public_key=', 'remove=true'],
  ...['update_only=true', 'preshared_key=', 'endpoint=', 'persistent_keepalive_interval=', 'allowed_ip='],
  ...['replace_allowed_ips=true', 'protocol_version=1', 'errno=0', 'errno=-22', '\n', '\n\n', HEX_KEY, '-'],
  ...['last_handshake_time_sec=', 'last_handshake_time_nsec=', 'rx_bytes=', 'tx_bytes=', '65536', '-1'],
  ...ADDRESSES,
]

const CONFIG_WORDS = [
  ...['[Interface]\n', '[Peer]\n', 'PrivateKey = ', 'ListenPort = ', 'FwMark = ', 'Address = ', 'DNS = '],
  ...['MTU = ', 'Table = ', 'PreUp = ', 'PostUp = ', 'PreDown = ', 'PostDown = ', 'SaveConfig = true\n'],
  ...['PublicKey = ', 'PresharedKey = ', 'AllowedIPs = ', 'Endpoint = ', 'PersistentKeepalive = '],
  ...['off', 'auto', '0x51820', '# ', ',', '\n', '\r\n', '=', KEY, 'hub.example.net:51820'],
  ...ADDRESSES,
]

/** What is said must not repeat a key, whole or in large part; of it the first words make the outcome. */
function outcomeOf(reason: string): string {
  assert.ok(!/(?![a-z_]{25})[\w+/]{25}/.test(reason), 'a reason repeats what may be a key')
  return reason
    .split(' ')
    .slice(0, 4)
    .join(' ')
    .replaceAll(/unknown (key|section) .*/g, 'unknown $1 …')
}

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'uapi-request',
    kind: 'text',
    dictionary: UAPI_WORDS,
    run(input) {
      const parsed = parseUapiRequest(text(input))
      if (parsed.kind === 'refused') return outcomeOf(parsed.reason)
      if (parsed.value.kind === 'get') return 'get'
      const again = parseUapiRequest(formatUapiSet(parsed.value.change))
      assert.deepEqual(again, parsed)
      return `set of ${Math.min(9, parsed.value.change.peers.length)} peers`
    },
  },
  {
    name: 'uapi-answer',
    kind: 'text',
    dictionary: UAPI_WORDS,
    run(input) {
      const parsed = parseUapiGet(text(input))
      if (parsed.kind === 'refused')
        return parsed.errno === 22 ? outcomeOf(parsed.reason) : 'errno of the device'
      assert.deepEqual(parseUapiGet(formatUapiGet(parsed.value)), parsed)
      return `${Math.min(9, parsed.value.peers.length)} peers`
    },
  },
  {
    name: 'wg-config',
    kind: 'text',
    dictionary: CONFIG_WORDS,
    run(input) {
      const { config, problems } = parseWgConfig(text(input))
      // Values of lines that hold addresses are shown, so that one sees which is meant.
      const messages = problems.map(({ message }) =>
        message.replace(/^((?:Address|AllowedIPs|DNS|Endpoint) .*?): .*$/, '$1'),
      )
      if (problems.length > 0) return messages.map(outcomeOf)[0]!
      const again = parseWgConfig(formatWgConfig(config))
      assert.deepEqual(again, { config, problems: [] })
      return `${Math.min(9, config.peers.length)} peers`
    },
  },
]
