/** wg-quick files as a tunnel takes them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_MTU_BYTES, parseTunnelSettings } from './settings.ts'
import { makeKeys } from './testing/tunnel-pair.ts'

const own = makeKeys()
const [one, two, shared] = [makeKeys().publicKey, makeKeys().publicKey, makeKeys().privateKey]

const problemsOf = (text: string) =>
  parseTunnelSettings(text, { path: 'fly0.conf' }).problems.map(
    ({ path, message, severity = 'error' }) => `${severity} ${path}: ${message}`,
  )

test('GL-01 parseTunnelSettings() takes what wg-quick takes: case, comments, blanks, lists, several peers', () => {
  const { settings, problems } = parseTunnelSettings(
    `
# of the gateway
[interface]
privatekey=${own.privateKey}   # ours
ADDRESS = 10.8.0.2/24 , fd00:8::2/64
Address = 10.8.0.3
DNS = 10.8.0.53, fd00:8::53, internal
DNS = corp.example
MTU = 1280
ListenPort = 51999

[Peer]
PublicKey = ${one}
PresharedKey = ${shared}
AllowedIPs = 10.8.0.0/24,  fd00:8::/64
Endpoint = gw.example.org:51820
PersistentKeepalive = 25
[PEER]
PublicKey = ${two}
AllowedIPs = 10.9.0.1
Endpoint = [2001:db8::7]:1
`,
    { name: 'fly0' },
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(settings, {
    name: 'fly0',
    privateKey: own.privateKey,
    listenPort: 51_999,
    addresses: ['10.8.0.2', 'fd00:8::2', '10.8.0.3'],
    dns: ['10.8.0.53', 'fd00:8::53'],
    searchDomains: ['internal', 'corp.example'],
    mtuBytes: 1280,
    peers: [
      {
        publicKey: one,
        presharedKey: shared,
        endpoint: { host: 'gw.example.org', port: 51_820 },
        allowedIPs: ['10.8.0.0/24', 'fd00:8::/64'],
        persistentKeepaliveSeconds: 25,
      },
      {
        publicKey: two,
        endpoint: { host: '2001:db8::7', port: 1 },
        allowedIPs: ['10.9.0.1/32'],
        persistentKeepaliveSeconds: 0,
      },
    ],
  })
})

const minimal = (lines: readonly string[] = [], peerLines: readonly string[] = []) =>
  [
    '[Interface]',
    `PrivateKey = ${own.privateKey}`,
    'Address = 10.8.0.2/24',
    ...lines,
    '[Peer]',
    `PublicKey = ${one}`,
    'AllowedIPs = 0.0.0.0/0',
    'Endpoint = 192.0.2.1:51820',
    ...peerLines,
  ].join('\n')

test('without an MTU line it is 1420, or what the caller says', () => {
  assert.equal(parseTunnelSettings(minimal()).settings?.mtuBytes, DEFAULT_MTU_BYTES)
  assert.equal(parseTunnelSettings(minimal(), { defaultMtuBytes: 1280 }).settings?.mtuBytes, 1280)
  assert.equal(
    parseTunnelSettings(minimal(['MTU = 1380']), { defaultMtuBytes: 1280 }).settings?.mtuBytes,
    1380,
  )
})

test('GL-01 what is about a link is ignored with a warning and its line, and the tunnel is made', () => {
  const { settings, problems } = parseTunnelSettings(
    minimal([
      'Table = off',
      'PostUp = iptables -A FORWARD',
      'PreDown = true',
      'SaveConfig = true',
      'FwMark = 7',
    ]),
    { path: 'fly0.conf' },
  )
  assert.ok(settings)
  assert.deepEqual(
    problems.map(({ code, severity, path, at }) => [code, severity, path, at?.line]),
    [
      ['IgnoredSetting', 'warning', 'fly0.conf Interface.FwMark', 8],
      ['IgnoredSetting', 'warning', 'fly0.conf Interface.Table', 4],
      ['IgnoredSetting', 'warning', 'fly0.conf Interface.PostUp', 5],
      ['IgnoredSetting', 'warning', 'fly0.conf Interface.PreDown', 6],
      ['IgnoredSetting', 'warning', 'fly0.conf Interface.SaveConfig', 7],
    ],
  )
})

const wrong: readonly { name: string; given: string; want: readonly string[] }[] = [
  {
    name: 'an empty file',
    given: '',
    want: ['error fly0.conf: there is no [Interface] section'],
  },
  {
    name: 'a section with nothing in it',
    given: '[Interface]',
    want: [
      'error fly0.conf Interface.PrivateKey: there is no PrivateKey',
      'error fly0.conf Interface.Address: there is no Address',
      'error fly0.conf Peer: there is no [Peer]',
    ],
  },
  {
    name: 'several malformed lines',
    given: minimal(['MTU = many', 'DNS = 10.8.0.300'], ['Endpoint = 2001:db8::1:51820', 'Prio = 3']),
    want: [
      'error fly0.conf: MTU is not a number from 576 to 65535',
      'error fly0.conf: DNS is neither an address nor a domain: "10.8.0.300"',
      'error fly0.conf: Endpoint is given twice in one section',
      'error fly0.conf: Endpoint is not HOST:PORT; an IPv6 address needs brackets, as in [2001:db8::1]:51820',
      'error fly0.conf: unknown key Prio',
    ],
  },
  {
    name: 'our own key as the peer’s, twice',
    given: minimal([], ['[Peer]', `PublicKey = ${own.publicKey}`, 'AllowedIPs = 10.0.0.0/8']).replace(
      one,
      own.publicKey,
    ),
    want: [
      'error fly0.conf Peer[0].PublicKey: it belongs to the PrivateKey of this file',
      'error fly0.conf Peer[1].PublicKey: it belongs to the PrivateKey of this file',
      'error fly0.conf Peer[1].PublicKey: it is that of Peer[0]',
    ],
  },
  {
    name: 'nobody who could begin',
    given: minimal().replace('Endpoint = 192.0.2.1:51820', ''),
    want: [
      'error fly0.conf Peer.Endpoint: no peer has an Endpoint and there is no ListenPort, so nobody can begin',
    ],
  },
  {
    name: 'an MTU too small for IPv6, and one too large',
    given: minimal(['Address = fd00::1/64', 'MTU = 1200']),
    want: ['error fly0.conf Interface.MTU: 1200 is too small for IPv6, and there is an IPv6 address'],
  },
  {
    name: 'jumbo frames',
    given: minimal(['MTU = 9001']),
    want: ['error fly0.conf Interface.MTU: 9001 is more than 9000'],
  },
  {
    name: 'prefixes given twice, a DNS server that is ourselves, a peer without prefixes',
    given: minimal(
      ['DNS = 10.8.0.2'],
      [
        '[Peer]',
        `PublicKey = ${two}`,
        'AllowedIPs = 0.0.0.0/0',
        '[Peer]',
        `PublicKey = ${makeKeys().publicKey}`,
      ],
    ),
    want: [
      'warning fly0.conf Peer[2].AllowedIPs: there are none, so nothing is sent to this peer and nothing taken from it',
      'warning fly0.conf Peer[1].AllowedIPs: 0.0.0.0/0 is also given to Peer[0]; the later one gets it',
      'warning fly0.conf Interface.DNS: 10.8.0.2 is our own address',
    ],
  },
]

for (const { name, given, want } of wrong)
  test(`parseTunnelSettings() lists everything: ${name}`, () => {
    assert.deepEqual(problemsOf(given), want)
    assert.equal(
      parseTunnelSettings(given).settings === undefined,
      want.some((line) => line.startsWith('error')),
    )
  })

test('GL-06 a DNS server outside of what the peers carry is a warning: it is never asked another way', () => {
  const given = minimal(['DNS = 1.1.1.1, 10.8.0.53, fd00::53']).replace(
    '0.0.0.0/0',
    '10.8.0.0/26, fd00::/128',
  )
  const no = "is in no peer's AllowedIPs, so it cannot be asked: names are asked through the tunnel only"
  assert.deepEqual(problemsOf(given), [
    `warning fly0.conf Interface.DNS: 1.1.1.1 ${no}`,
    `warning fly0.conf Interface.DNS: fd00::53 ${no}`,
  ])
})

test('no problem repeats a key', () => {
  const text = minimal(['PrivateKey = c2VjcmV0IHNlY3JldA=='], [`PresharedKey = ${shared}x`])
  assert.ok(!JSON.stringify(problemsOf(text)).includes('c2VjcmV0'))
  assert.ok(!JSON.stringify(problemsOf(text)).includes(shared))
})
