/**
 * What the tests of tunnels inside a process have in common: a host to run one in, and a gateway that is its peer.
 *
 *      host client (no interface of its own)            host gateway
 *   ┌─────────────────────────────┐ 192.0.2.0/24, ┌──────────────────────────────┐
 *   │ process of nobody's:        │ 2001:db8::/64 │ wg0 10.9.0.2, fd00:9::2      │
 *   │ 10.9.0.1, fd00:9::1 inside  │ eth0 ─── eth0 │ web server on port 80 of both│
 *   └─────────────────────────────┘ .1         .2 └──────────────────────────────┘
 */
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Zone } from './dns-zone.ts'
import { connect, Namespace } from './namespace.ts'
import { TunnelProcess } from './tunnel-process.ts'
import { configureEnd, type KeyPair, makeKeyPair, type WireGuardMake } from './wireguard-ends.ts'

const ORIGIN = fileURLToPath(new URL('http-origin.ts', import.meta.url))
const DNS_SERVER = fileURLToPath(new URL('dns-server.ts', import.meta.url))
export const GATEWAY_PORT = 51820
export const INSIDE = { client: '10.9.0.1', client6: 'fd00:9::1', gateway: '10.9.0.2', gateway6: 'fd00:9::2' }
export const OUTSIDE = {
  client: '192.0.2.1',
  client6: '2001:db8::1',
  gateway: '192.0.2.2',
  gateway6: '2001:db8::2',
}

export interface GatewayLab {
  readonly client: Namespace
  readonly gateway: Namespace
  readonly keys: { readonly client: KeyPair; readonly gateway: KeyPair }
  /** A wg-quick file for the client; lines are added to its sections. */
  readonly config: (extra?: ClientConfig) => string
  /** A server of the DNS in a host; `asked` grows by "udp NAME" and "tcp NAME". */
  readonly dns: (host: Namespace, address: string, zone: Zone) => Promise<DnsHere>
  /** From now on the client host's own resolver asks there. */
  readonly resolvConf: (text: string) => Promise<void>
  /** A process of nobody's in the client host, ended with the test. */
  readonly process: () => TunnelProcess
}

export interface DnsHere {
  readonly asked: readonly string[]
  stop(): void
}

export interface ClientConfig {
  readonly endpoint?: string
  readonly interfaceLines?: readonly string[]
  readonly peerLines?: readonly string[]
}

export interface GatewayOptions {
  readonly mtuBytes?: number
  readonly presharedKey?: string
  /** The gateway begins: where the client listens. */
  readonly clientEndpoint?: string
}

/** Both hosts, connected, with the gateway and its web server up. Closed when the test ends. */
export async function buildGateway(
  t: TestContext,
  make: WireGuardMake,
  o: GatewayOptions = {},
): Promise<GatewayLab> {
  const client = await Namespace.create('client')
  t.after(() => client.close())
  const gateway = await Namespace.create('gateway')
  t.after(() => gateway.close())
  await connect(
    [client, `${OUTSIDE.client}/24`, `${OUTSIDE.client6}/64`],
    [gateway, `${OUTSIDE.gateway}/24`, `${OUTSIDE.gateway6}/64`],
  )
  const keys = { client: makeKeyPair(), gateway: makeKeyPair() }
  await make.start(gateway, 'wg0')
  await configureEnd(gateway, 'wg0', {
    privateKey: keys.gateway.privateKey,
    listenPort: GATEWAY_PORT,
    addresses: [`${INSIDE.gateway}/24`, `${INSIDE.gateway6}/64`],
    peers: [
      {
        publicKey: keys.client.publicKey,
        allowedIPs: [`${INSIDE.client}/32`, `${INSIDE.client6}/128`],
        ...(o.presharedKey === undefined ? {} : { presharedKey: o.presharedKey }),
        ...(o.clientEndpoint === undefined ? {} : { endpoint: o.clientEndpoint }),
      },
    ],
  })
  if (o.mtuBytes !== undefined) await gateway.exec(`ip link set wg0 mtu ${o.mtuBytes}`)
  const origin = gateway.spawn(process.execPath, [ORIGIN, '::', '80'])
  await once(origin.stdout ?? origin, 'data')
  return {
    ...{ client, gateway, keys },
    config: (extra = {}) => configOf(keys, extra),
    dns: serveDns,
    resolvConf: (text) => bindResolvConf(t, client, text),
    process: () => {
      const started = new TunnelProcess(client)
      t.after(() => started.kill())
      return started
    },
  }
}

async function serveDns(host: Namespace, address: string, zone: Zone): Promise<DnsHere> {
  const asked: string[] = []
  const server = host.spawn(process.execPath, [DNS_SERVER, address, '53', JSON.stringify(zone)])
  if (server.stdout === null) throw new Error('no pipe')
  const lines = createInterface({ input: server.stdout })
  await once(lines, 'line')
  lines.on('line', (line) => asked.push(line))
  return { asked, stop: () => server.kill('SIGKILL') }
}

/** The host has its own mount namespace, so nobody else sees it. */
async function bindResolvConf(t: TestContext, host: Namespace, text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-resolv-'))
  t.after(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  const file = join(folder, 'resolv.conf')
  writeFileSync(file, text, { mode: 0o644 })
  await host.exec(`mount --bind ${file} /etc/resolv.conf`)
}

function configOf(keys: GatewayLab['keys'], o: ClientConfig): string {
  const endpoint = o.endpoint ?? `${OUTSIDE.gateway}:${GATEWAY_PORT}`
  return [
    '[Interface]',
    `PrivateKey = ${keys.client.privateKey}`,
    `Address = ${INSIDE.client}/24, ${INSIDE.client6}/64`,
    ...(o.interfaceLines ?? []),
    '[Peer]',
    `PublicKey = ${keys.gateway.publicKey}`,
    `AllowedIPs = ${INSIDE.gateway}/32, ${INSIDE.gateway6}/128`,
    ...(endpoint === '' ? [] : [`Endpoint = ${endpoint}`]),
    ...(o.peerLines ?? []),
    '',
  ].join('\n')
}
