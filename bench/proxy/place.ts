/**
 * Where proxies are measured:
 *
 *   client namespace                                                server namespace
 *   ┌─────────────────────────────┐ eth0  192.0.2.0/24  veth  eth0 ┌──────────────────────────────┐
 *   │ load.ts, wrk                ├────────────────────────────────┤ wireguard-go, wg0 10.9.0.1   │
 *   │   ─▶ 127.0.0.1:PORT proxy   │ slow0 198.51.100.0/24    slow0 │ nginx :80  files in memory   │
 *   │      10.9.0.N inside        ├───────── relay.ts ─────────────┤ sink.ts :81  uploads         │
 *   └─────────────────────────────┘  delay, loss                   └──────────────────────────────┘
 *
 * The proxy chooses its path by the endpoint in its file, plain TCP by the address of the server. The kernel's TCP uses
 * CUBIC on each of these paths, whatever this machine prefers: it is what Linux does unless told otherwise.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { eventually } from '../../test/harness/eventually.ts'
import { connect, Namespace } from '../../test/harness/namespace.ts'
import { configureEnd, makeKeyPair, type KeyPair } from '../../test/harness/wireguard-ends.ts'
import type { BenchTools } from './tools.ts'

export const INSIDE = '10.9.0.1'
export const PATHS = {
  direct: '192.0.2.2',
  /** Through relay.ts. */
  slow: '198.51.100.2',
} as const
export type Path = keyof typeof PATHS

const LARGE_BYTES = 100_000_000
const CLIENTS = 8

export interface Impairment {
  readonly delayMs: number
  /** 0.01: one packet in a hundred, each way. */
  readonly loss: number
}

export interface Place {
  readonly client: Namespace
  readonly tools: BenchTools
  /** Files that any process may read. */
  readonly folder: string
  readonly large: { readonly file: string; readonly digest: string }
  /** Each is a peer of the server, as 10.9.0.(2 + index). */
  readonly clientKeys: readonly KeyPair[]
  readonly serverKey: string
  /** From now on, on the slow path. */
  impair(how: Impairment): Promise<void>
  close(): void
}

export async function openPlace(tools: BenchTools): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-bench-proxy-'))
  const [client, server] = [await Namespace.create('client'), await Namespace.create('server')]
  let relay: ChildProcess | undefined
  const close = (): void => {
    relay?.kill('SIGKILL')
    client.close()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const impair = async (how: Impairment): Promise<void> => {
    const before = relay
    if (before !== undefined && before.kill('SIGKILL')) await once(before, 'exit')
    relay = await startRelay({ client, server }, how)
  }
  try {
    await connect([client, '192.0.2.1/24'], [server, '192.0.2.2/24'])
    await makeSlowPath(client, '198.51.100.1/24')
    await makeSlowPath(server, '198.51.100.2/24')
    for (const host of [client, server]) for (const link of ['eth0', 'slow0']) await useCubic(host, link)
    const [serverKeys, clientKeys] = [makeKeyPair(), Array.from({ length: CLIENTS }, makeKeyPair)]
    await startWireGuard({ server, tools, keys: serverKeys, clientKeys })
    const large = await startServers({ server, tools, folder })
    return { ...{ client, tools, folder, large, clientKeys, impair, close }, serverKey: serverKeys.publicKey }
  } catch (error) {
    close()
    throw error
  }
}

async function makeSlowPath(host: Namespace, address: string): Promise<void> {
  await host.exec('ip tuntap add mode tun name slow0')
  await host.exec(`ip address add ${address} dev slow0`)
  await host.exec('ip link set slow0 up')
}

/** Through the route: where the machine's default is another one, a namespace may not choose CUBIC for itself. */
async function useCubic(host: Namespace, link: string): Promise<void> {
  const [route = ''] = (await host.exec(`ip route show dev ${link}`)).split('\n')
  await host.exec(`ip route replace ${route.replace(/ linkdown\b/, '')} dev ${link} congctl cubic`)
  // On the loopback, where the client meets the proxy: one that is always allowed and paces nothing.
  await host.exec('sysctl -qw net.ipv4.tcp_congestion_control=reno')
}

async function startRelay(
  { client, server }: { client: Namespace; server: Namespace },
  { delayMs, loss }: Impairment,
): Promise<ChildProcess> {
  const args = ['bench/proxy/relay.ts', client.pid, server.pid, delayMs, loss].map(String)
  const relay = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(relay.stdout, 'data')
  return relay
}

async function startWireGuard(o: {
  readonly server: Namespace
  readonly tools: BenchTools
  readonly keys: KeyPair
  readonly clientKeys: readonly KeyPair[]
}): Promise<void> {
  const env = { WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1' }
  drain(o.server.spawn(o.tools.wireguardGo, ['--foreground', 'wg0'], env))
  await eventually(() => o.server.succeeds('wg show wg0'), { what: 'wireguard-go serves wg0' })
  await configureEnd(o.server, 'wg0', {
    privateKey: o.keys.privateKey,
    listenPort: 51820,
    addresses: [`${INSIDE}/24`],
    peers: o.clientKeys.map(({ publicKey }, index) => ({
      publicKey,
      allowedIPs: [`10.9.0.${index + 2}/32`],
    })),
  })
}

/** Everything that is served lies in the memory of the server's /run. */
async function startServers(o: {
  readonly server: Namespace
  readonly tools: BenchTools
  readonly folder: string
}): Promise<Place['large']> {
  const { server, tools, folder } = o
  const content = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
    Buffer.alloc(LARGE_BYTES),
  )
  const www = server.pathOf('/run/www')
  mkdirSync(www)
  for (const [name, bytes] of [
    ['large', content],
    ['16k', content.subarray(0, 16_384)],
    ['tiny', Buffer.from('Hello, world\n')],
  ] as const)
    writeFileSync(join(www, name), bytes)
  const file = join(folder, 'large')
  writeFileSync(file, content)
  writeFileSync(join(folder, 'nginx.conf'), NGINX)
  drain(server.spawn(tools.nginx, ['-e', 'stderr', '-c', join(folder, 'nginx.conf')], tools.env))
  drain(server.spawn(process.execPath, [resolve('bench/proxy/sink.ts'), '81']))
  await eventually(() => server.succeeds('curl -sf -o /dev/null http://127.0.0.1/tiny'), {
    what: 'nginx serves',
  })
  await eventually(() => server.succeeds('curl -sf -o /dev/null http://127.0.0.1:81/x'), {
    what: 'the sink serves',
  })
  return { file, digest: createHash('sha256').update(content).digest('hex') }
}

/** What nobody reads must not make a program wait. */
function drain(child: ChildProcess): void {
  child.stdout?.resume()
  child.stderr?.resume()
}

const NGINX = `
user root;
daemon off;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path /run/nginx-body;
  proxy_temp_path /run/nginx-proxy;
  fastcgi_temp_path /run/nginx-fastcgi;
  uwsgi_temp_path /run/nginx-uwsgi;
  scgi_temp_path /run/nginx-scgi;
  server { listen 80 backlog=4096; root /run/www; }
}
`
