/** Which targets are warned of before anybody asks for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTargets } from './check-targets.ts'
import { Findings } from './findings.ts'
import type { HostPort } from './listen-at.ts'
import type { TunnelEntry } from './proxy-config.ts'

function tunnel(name: string, dns: readonly string[]): TunnelEntry {
  const peers = [{ publicKey: '', allowedIPs: ['10.0.0.0/9', 'fd00::/64'], persistentKeepaliveSeconds: 0 }]
  const settings = { name, privateKey: '', listenPort: 0, addresses: [], dns, searchDomains: [], mtuBytes: 0 }
  return { name, file: '', digest: '', settings: { ...settings, peers } }
}

test('a target outside of AllowedIPs, and a name where there is no DNS, are warned of; what can be reached is not', () => {
  const findings = new Findings((path) => ({ path }))
  const tcp = (
    [
      ['10.127.0.1', 'deaf'],
      ['10.128.0.1', 'deaf'],
      ['fd00::1', 'deaf'],
      ['[fd00::1]', 'deaf'],
      ['fd00:0:0:1::1', 'deaf'],
      ['db.internal', 'deaf'],
      ['db.internal', 'knowing'],
      ['db.internal', 'of a file that is wrong'],
    ] as const
  ).map(([host, tunnel]) => ({
    ...{ listen: { host: '', port: 1 }, to: { host, port: 5432 } satisfies HostPort, tunnel },
    idleMs: undefined,
  }))
  checkTargets(
    { tunnels: [tunnel('deaf', []), tunnel('knowing', ['10.0.0.53'])], http: [], tcp, udp: [] },
    findings,
  )
  assert.deepEqual(
    findings.problems.map(({ path, message, severity }) => `${severity} ${path} ${message}`),
    [
      "warning spec.tcp[1].to 10.128.0.1 is in no peer's AllowedIPs of the tunnel deaf",
      "warning spec.tcp[4].to fd00:0:0:1::1 is in no peer's AllowedIPs of the tunnel deaf",
      'warning spec.tcp[5].to db.internal is a name, and the tunnel deaf has no DNS servers',
    ],
  )
})
