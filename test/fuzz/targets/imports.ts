/** What `warren import` reads of others: the files of systemd-networkd and netplan. Any text gives objects and a list. */
import assert from 'node:assert/strict'
import { validateObject } from '../../../src/model/index.ts'
import { readNetplan } from '../../../src/programs/import/netplan.ts'
import { readNetworkd } from '../../../src/programs/import/networkd.ts'
import { objectsOf } from '../../../src/programs/import/objects-of-draft.ts'
import type { FuzzTarget } from '../target.ts'

const KEY = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const readKeyFile = (): string => KEY

const UNIT_WORDS = [
  ...[
    '[NetDev]\n',
    '[Match]\n',
    '[Network]\n',
    '[Route]\n',
    '[Address]\n',
    '[VXLAN]\n',
    '[Bridge]\n',
    '[Peer]\n',
  ],
  ...[
    'Name=br0\n',
    'Kind=bridge\n',
    'Kind=vxlan\n',
    'Kind=veth\n',
    'Kind=wireguard\n',
    'VNI=7\n',
    'Name=*\n',
  ],
  ...[
    'Bridge=br0\n',
    'VXLAN=br0\n',
    'Address=10.0.0.1/24\n',
    'Gateway=fd00::1\n',
    'Table=main\n',
    'STP=yes\n',
  ],
  ...[
    '[WireGuard]\n',
    '[WireGuardPeer]\n',
    `PrivateKey=${KEY}\n`,
    `PublicKey=${KEY}\n`,
    'PrivateKeyFile=/x\n',
  ],
  ...['\\\n', '# ', '\n== x.netdev\n', '\n== x.network\n', '5min 3s', '[a-', '!', '__proto__=1\n'],
]

const NETPLAN_WORDS = [
  ...[
    'network:\n',
    '  bridges:\n',
    '    br0: {}\n',
    '  tunnels:\n',
    '    t: { mode: gre, remote: 10.0.0.1 }\n',
  ],
  ...[
    '    w: { mode: wireguard, key: ',
    KEY,
    ' }\n',
    'addresses: [10.0.0.1/24]',
    'routes: [{ to: default, via: "::1" }]',
  ],
  ...[
    'interfaces: [eth0, br0]',
    '__proto__: ',
    'constructor: ',
    'null',
    '- ',
    '&a ',
    '*a',
    'peer: v1',
    '\n',
    '  ',
  ],
]

const UNIT_SEED = `[NetDev]
Name=br0
Kind=bridge
[Bridge]
STP=yes
== x.netdev
[NetDev]
Name=vx
Kind=vxlan
[VXLAN]
VNI=7
Remote=10.0.0.2
== x.netdev
[NetDev]
Name=wg0
Kind=wireguard
[WireGuard]
PrivateKeyFile=/x
[WireGuardPeer]
PublicKey=${KEY}
AllowedIPs=10.0.0.0/8
== x.network
[Match]
Name=vx wg*
[Network]
Bridge=br0
Address=10.0.0.1/24
[Route]
Destination=10.0.0.0/8
Gateway=10.0.0.9
`

const NETPLAN_SEED = `network:
  bridges:
    br0: { interfaces: [v0, eth0], parameters: { stp: true }, routes: [{ to: default, via: 10.0.0.1 }] }
  tunnels:
    t: { mode: gre, remote: 10.0.0.1, key: 7 }
    w: { mode: wireguard, key: /x, peers: [{ keys: { public: ${KEY} }, allowed-ips: [10.0.0.0/8] }] }
  virtual-ethernets:
    v0: { peer: v1 }
    v1: { peer: v0, addresses: [10.0.0.1/24] }
`

const seeds = (seed: string) => () => [new TextEncoder().encode(seed)]

/** What came of it; never with a key in the objects or in what is told. */
function outcomeOf(imported: ReturnType<typeof objectsOf>): string {
  const told = JSON.stringify([imported.objects, imported.leftOut])
  // The public half is told; the fuzzer writes one text for both, so only a reference is let through.
  assert.ok(!told.replaceAll(`"publicKey":"${KEY}"`, '').includes(KEY), 'a key is told')
  for (const object of imported.objects) {
    assert.deepEqual(validateObject(object, { file: 'fuzz' }).problems, [])
  }
  const kinds = (imported.objects as { kind: string; spec: { type?: string } }[]).map(
    (one) => one.spec.type ?? one.kind,
  )
  return `${[...new Set(kinds)].toSorted().join(' ')}, ${Math.min(3, imported.leftOut.length)} left out`
}

export const importTargets: readonly FuzzTarget[] = [
  {
    name: 'import-networkd',
    kind: 'text',
    dictionary: UNIT_WORDS,
    seeds: seeds(UNIT_SEED),
    run(input) {
      // The names of files are nobody's secret: here they are as long as their number.
      const files = text(input)
        .split(/^== /m)
        .map((part, index) => ({
          file: `${index}.${part.startsWith('x.network') ? 'network' : 'netdev'}`,
          text: part,
        }))
      return outcomeOf(objectsOf(readNetworkd(files, { readKeyFile }), 'fuzz'))
    },
  },
  {
    name: 'import-netplan',
    kind: 'text',
    dictionary: NETPLAN_WORDS,
    seeds: seeds(NETPLAN_SEED),
    run: (input) =>
      outcomeOf(objectsOf(readNetplan([{ file: 'a.yaml', text: text(input) }], { readKeyFile }), 'fuzz')),
  },
]
