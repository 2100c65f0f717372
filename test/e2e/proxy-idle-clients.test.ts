/**
 * What ten thousand clients cost that hold a connection and say nothing; the hosts are drawn in the harness.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import type { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { buildGateway, INSIDE } from '../harness/tunnel-gateway.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

const CLIENTS = 10_000
const IDLE_CLIENTS = resolve('test/e2e/idle-clients.ts')
/** Of memory for each of them, the kernel's not counted. */
const EACH_KIB = 10

test('GL-09 ten thousand idle clients cost less than 10 KiB each, are all kept, and are served when they speak again', {
  ...needs({ ...wireguardGo.needs, tools: [...(wireguardGo.needs.tools ?? []), 'curl'] }),
  timeout: 180_000,
}, async (t) => {
  const { client, config } = await buildGateway(t, wireguardGo)
  const pid = await startProxy(t, client, config())
  const before = residentKib(pid)
  const clients = client.spawn(process.execPath, [IDLE_CLIENTS, '127.0.0.1', '8080', String(CLIENTS)])
  const lines = createInterface({ input: clients.stdout! })
  const answer = async (): Promise<Idle> => JSON.parse(String(...(await once(lines, 'line')))) as Idle
  assert.deepEqual(await answer(), { open: CLIENTS })
  const each = (residentKib(pid) - before) / CLIENTS
  t.diagnostic(`${each.toFixed(1)} KiB each, ${Math.round(residentKib(pid) / 1024)} MiB with ${CLIENTS}`)
  assert.ok(each < EACH_KIB, `${each} KiB`)
  clients.kill('SIGUSR2')
  const { open, answers = [] } = await answer()
  assert.equal(open, CLIENTS)
  for (const text of answers) assert.match(text, /^HTTP\/1\.1 200 /)
})

interface Idle {
  readonly open: number
  readonly answers?: readonly string[]
}

/** Its process, once a page has come through it. */
async function startProxy(t: TestContext, client: Namespace, config: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-idle-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'fly0.conf'), config, { mode: 0o600 })
  const proxy = client.spawn(resolve('bin/warren'), ['proxy'], {
    PROXY_TO: `http://${INSIDE.gateway}`,
    WIREGUARD_CONFIG_FNAME: join(folder, 'fly0.conf'),
    LISTEN: '127.0.0.1:8080',
  })
  let said = ''
  for (const stream of [proxy.stdout, proxy.stderr])
    stream?.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const serves = () => {
    if (proxy.exitCode !== null) throw new Error(said)
    return client.succeeds('curl -s --fail -m 5 -o /dev/null http://127.0.0.1:8080/')
  }
  await eventually(serves, { timeoutMs: 30_000, what: 'the proxy serves a page' })
  return proxy.pid ?? 0
}

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
