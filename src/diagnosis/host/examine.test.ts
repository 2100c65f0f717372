/** A host that is fit, spoilt one thing at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine } from './examine.ts'
import { type HostFacts, KERNEL_FEATURES, type KernelFeature } from './host-facts.ts'

const features = (missing: readonly KernelFeature[], value: boolean | null = false): HostFacts['features'] =>
  Object.fromEntries(
    KERNEL_FEATURES.map((one) => [one, missing.includes(one) ? value : true]),
  ) as HostFacts['features']

const FIT: HostFacts = {
  nodeVersion: 'v24.1.0',
  kernelRelease: '6.12.0',
  capabilities: ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN'],
  features: features([]),
  tunDevice: 'usable',
  nowMs: Date.UTC(2030, 0, 1),
  clockSynchronised: true,
  links: [
    { name: 'lo', index: 1, kind: '', up: true, mtuBytes: 65_536 },
    { name: 'eth0', index: 2, kind: '', up: true, mtuBytes: 1500 },
  ],
  addresses: [{ link: 'eth0', local: '192.168.1.20', prefixLength: 24 }],
  routes: [
    { destination: '0.0.0.0/0', link: 'eth0' },
    { destination: '192.168.1.0/24', link: 'eth0' },
  ],
  ours: [],
  otherWireGuard: [],
  ownPorts: [],
  udpPorts: [53],
  sysctls: { 'net/ipv4/conf/all/rp_filter': '0', 'net/ipv6/conf/all/disable_ipv6': '0' },
  firewall: { ruleset: { chains: [], sets: [] }, unseen: [] },
  uplink: 'eth0',
  managers: { running: [], networkdKeepsForeign: false, ufwEnabled: false, wgQuick: [] },
  runtimes: [],
  plan: {
    node: 'a',
    cidrs: ['10.0.0.0/24'],
    interfaces: [{ name: 'wg0', listenPort: 51_820, mtuBytes: 1420 }],
    forwards: { inet: true, inet6: false },
  },
}

const forwardDrop: HostFacts['firewall'] = {
  ruleset: {
    chains: [
      {
        ...{ family: 'ip', table: 'filter', name: 'FORWARD', type: 'filter', hook: 2, policy: 'drop' },
        rules: [],
      },
    ],
    sets: [],
  },
  unseen: [],
}

const rows: readonly {
  given: Partial<HostFacts>
  check: string
  level: 'warn' | 'fail'
  says: RegExp
  fix: RegExp
}[] = [
  { given: { nodeVersion: 'v20.1.0' }, check: 'node', level: 'fail', says: /older than 24/, fix: /Install/ },
  { given: { capabilities: [] }, check: 'capabilities', level: 'fail', says: /CAP_NET_ADMIN/, fix: /sudo/ },
  {
    given: { capabilities: ['CAP_NET_ADMIN'] },
    check: 'capabilities',
    level: 'warn',
    says: /CAP_NET_RAW, CAP_SYS_ADMIN missing/,
    fix: /sudo/,
  },
  {
    given: { features: features(['wireguard']) },
    check: 'wireguard',
    level: 'warn',
    says: /warren device serves/,
    fix: /modprobe wireguard/,
  },
  {
    given: { features: features(['wireguard']), tunDevice: 'missing' },
    check: 'wireguard',
    level: 'fail',
    says: /neither in this kernel/,
    fix: /modprobe tun/,
  },
  {
    given: { tunDevice: 'missing' },
    check: 'tun',
    level: 'warn',
    says: /no \/dev\/net\/tun/,
    fix: /--device/,
  },
  {
    given: { features: features(['vxlan', 'vlan']) },
    check: 'kernel',
    level: 'warn',
    says: /lacks vxlan, vlan/,
    fix: /modprobe 8021q/,
  },
  {
    given: { features: features([...KERNEL_FEATURES], null) },
    check: 'kernel',
    level: 'warn',
    says: /could not be tried/,
    fix: /sudo/,
  },
  {
    given: { nowMs: 0 },
    check: 'clock',
    level: 'fail',
    says: /1970-01-01T00:00 is not today/,
    fix: /set-ntp/,
  },
  {
    given: { clockSynchronised: false },
    check: 'clock',
    level: 'warn',
    says: /has not synchronised/,
    fix: /timedatectl/,
  },
  {
    given: { links: [{ name: 'eth0', index: 2, kind: '', up: true, mtuBytes: 1400 }] },
    check: 'uplink',
    level: 'warn',
    says: /carry 1320, not 1420/,
    fix: /interface\.mtu to 1320/,
  },
  {
    given: { sysctls: { 'net/ipv4/conf/eth0/rp_filter': '1' } },
    check: 'rp_filter',
    level: 'warn',
    says: /strict on eth0/,
    fix: /rp_filter=2/,
  },
  {
    given: { addresses: [{ link: 'eth0', local: '10.0.0.20', prefixLength: 16 }] },
    check: 'addresses',
    level: 'fail',
    says: /10\.0\.0\.0\/24 of the plan overlaps 10\.0\.0\.20\/16 of eth0/,
    fix: /spec\.cidrs/,
  },
  { given: { udpPorts: [51_820] }, check: 'ports', level: 'fail', says: /UDP 51820 is taken$/, fix: /^ss / },
  {
    given: { udpPorts: [51_820], otherWireGuard: [{ link: 'wg9', listenPort: 51_820 }] },
    check: 'ports',
    level: 'fail',
    says: /taken by wg9/,
    fix: /wg-quick down wg9/,
  },
  {
    given: { links: [...FIT.links, { name: 'wg0', index: 3, kind: 'wireguard', up: true, mtuBytes: 1420 }] },
    check: 'interfaces',
    level: 'fail',
    says: /there is a link wg0 already/,
    fix: /altname warren-wg0/,
  },
  {
    given: { managers: { ...FIT.managers, running: ['systemd-networkd'] } },
    check: 'systemd-networkd',
    level: 'warn',
    says: /removes routes and rules/,
    fix: /ManageForeignRoutes=no/,
  },
  {
    given: { managers: { ...FIT.managers, running: ['NetworkManager'] } },
    check: 'NetworkManager',
    level: 'warn',
    says: /takes links/,
    fix: /unmanaged-devices/,
  },
  {
    given: { managers: { ...FIT.managers, ufwEnabled: true } },
    check: 'ufw',
    level: 'warn',
    says: /drops what comes in/,
    fix: /ufw allow 51820\/udp/,
  },
  {
    given: { managers: { ...FIT.managers, running: ['firewalld'] } },
    check: 'firewalld',
    level: 'warn',
    says: /no zone/,
    fix: /--add-port=51820\/udp/,
  },
  {
    given: { firewall: forwardDrop, managers: { ...FIT.managers, running: ['dockerd'] } },
    check: 'forward policy',
    level: 'warn',
    says: /chain FORWARD of table ip filter drops what is forwarded, as docker sets it/,
    fix: /DOCKER-USER/,
  },
  {
    given: { firewall: { ruleset: { chains: [], sets: [] }, unseen: ['iptables-legacy (filter)'] } },
    check: 'forward policy',
    level: 'warn',
    says: /not looked at: iptables-legacy/,
    fix: /iptables-legacy -S/,
  },
  {
    given: { managers: { ...FIT.managers, wgQuick: ['wg0'] } },
    check: 'wg-quick',
    level: 'warn',
    says: /has a file for wg0/,
    fix: /warren import/,
  },
  {
    given: { otherWireGuard: [{ link: 'cilium_wg0', listenPort: 51_871 }] },
    check: 'other tunnels',
    level: 'warn',
    says: /cilium_wg0/,
    fix: /warren import/,
  },
]

test('examine() finds nothing wrong with a host that is fit', () => {
  assert.deepEqual(
    examine(FIT).filter((one) => one.level !== 'ok'),
    [],
  )
})

for (const { given, check, level, says, fix } of rows) {
  test(`examine() says ${level} of ${check}: ${says.source}`, () => {
    const found = examine({ ...FIT, ...given }).find((one) => one.check === check)
    assert.equal(found?.level, level)
    assert.match(found?.says ?? '', says)
    assert.ok(
      found?.fix.some((one) => fix.test(one)),
      found?.fix.join('\n'),
    )
  })
}

test('examine() takes what Warren made itself for no neighbour', () => {
  const given: Partial<HostFacts> = {
    links: [...FIT.links, { name: 'wg0', index: 3, kind: 'wireguard', up: true, mtuBytes: 1420 }],
    addresses: [...FIT.addresses, { link: 'wg0', local: '10.0.0.1', prefixLength: 24 }],
    routes: [...FIT.routes, { destination: '10.0.0.0/24', link: 'wg0' }],
    ours: ['wg0'],
    ownPorts: [51_820],
    udpPorts: [51_820],
  }
  assert.deepEqual(
    examine({ ...FIT, ...given }).filter((one) => one.level !== 'ok'),
    [],
  )
})
