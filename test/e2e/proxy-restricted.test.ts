/**
 * The proxy with no privilege at all, as deploy/proxy describes it: the pod of the Kubernetes example, with its own
 * Secret and ConfigMap (other keys, another endpoint), is run by crun.
 *
 *   container: user namespace, uid 65532, no capability,              far host: wireguard-go, wg0 fdaa:0:1::3
 *   read-only root, seccomp, no shell, no /dev/net/tun
 *  ┌──────────────────────────────────────────────┐ 192.0.2.0/24    ┌──────────────────────────────────────┐
 *  │ warren proxy  :8080  :9090                   ├─────────────────┤ :53 ollama.internal   :11434 a page  │
 *  └──────────────────────────────────────────────┘ .1   veth    .2 └──────────────────────────────────────┘
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { debianRuntimes } from '../contracts/containers/debian-runtimes.ts'
import { openRuntimeHost } from '../contracts/containers/runtime-host.ts'
import { eventually } from '../harness/eventually.ts'
import { connect, Namespace } from '../harness/namespace.ts'
import { whatIsMissing } from '../harness/needs.ts'
import { stagePackage } from '../harness/published-package.ts'
import { configureEnd, makeKeyPair, wireguardGo, type KeyPair } from '../harness/wireguard-ends.ts'
import {
  DOCKERFILE,
  entrypointOf,
  FIRST_ID,
  podOf,
  readKubernetes,
  specificationOf,
  type KubernetesObject,
} from './proxy-restricted-pod.ts'

const objects = readKubernetes()
const pod = podOf(objects)
const [container] = pod.containers
const dockerfile = readFileSync(DOCKERFILE, 'utf8')
const runtimes = debianRuntimes()
const missing =
  'missing' in runtimes
    ? runtimes.missing
    : whatIsMissing({ ...wireguardGo.needs, tools: [...(wireguardGo.needs.tools ?? []), 'curl'] })
const RUNNABLE = missing === undefined ? { timeout: 120_000 } : { skip: missing }

const INSIDE = 'fdaa:0:1::3'

test('GL-04 the Kubernetes example asks for no privilege whatever', () => {
  const { runAsNonRoot, runAsUser, runAsGroup, seccompProfile } = pod.securityContext
  assert.deepEqual(
    { runAsNonRoot, runAsUser, runAsGroup, seccompProfile },
    { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  )
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    privileged: false,
    capabilities: { drop: ['ALL'] },
  })
  assert.equal(pod.hostNetwork ?? false, false)
  assert.equal(pod.hostPID ?? false, false)
  assert.equal(pod.automountServiceAccountToken, false)
  assert.ok(container.volumeMounts.every(({ readOnly }) => readOnly === true))
  assert.ok(pod.volumes.every(({ hostPath }) => hostPath === undefined))
  assert.equal(pod.containers.length, 1)
})

test('GL-04 the image runs as the user that the Kubernetes example names, and without a shell', () => {
  assert.match(
    dockerfile,
    new RegExp(`^USER ${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}$`, 'm'),
  )
  assert.deepEqual(entrypointOf(dockerfile).slice(-2), ['/opt/warren/dist/programs/main.js', 'proxy'])
  assert.match(dockerfile, /^CMD \[|^ {2}\["node"/m)
})

test('GL-09 probes go to the ports that the container opens', () => {
  const { listen, operations } = portsOf()
  assert.ok(listen > 1024 && operations > 1024, 'a port below 1024 takes a capability')
  for (const { httpGet } of [container.readinessProbe, container.livenessProbe])
    assert.equal(httpGet.port, 'operations')
})

test(
  'GL-04 a proxy without TUN, capabilities, root or a writable file serves a page from behind its tunnel',
  RUNNABLE,
  async (t) => {
    const { client, proxyPid, host, stop } = await startPod(t)
    const { listen, operations } = portsOf()
    const get = (port: number, path: string) =>
      client.exec(`curl -sS --fail -m 10 http://127.0.0.1:${port}${path}`)
    await eventually(() => get(operations, container.readinessProbe.httpGet.path), {
      timeoutMs: 30_000,
      what: 'readiness',
    })
    assert.match(await get(listen, '/'), /^page behind the tunnel/)

    const status = readFileSync(`/proc/${proxyPid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(field(set) ?? '', /^0+$/, set)
    assert.deepEqual([field('NoNewPrivs'), field('Seccomp')], ['1', '2'])
    const user = String(FIRST_ID + pod.securityContext.runAsUser)
    assert.deepEqual(field('Uid')?.split('\t'), [user, user, user, user])
    const mounts = readFileSync(`/proc/${proxyPid}/mountinfo`, 'utf8').trimEnd().split('\n')
    const root = mounts.find((line) => line.split(' ')[4] === '/')
    assert.match(root?.split(' ')[5] ?? '', /^ro\b/)

    const inside = (code: string) =>
      host.execArgs(['crun', 'exec', 'proxy', '/usr/local/bin/node', '-e', code])
    await assert.rejects(inside(`fs.writeFileSync('/opt/warren/x', '')`), /EROFS/)
    await assert.rejects(inside(`fs.openSync('/dev/net/tun', 'r+')`), /ENOENT/)
    await assert.rejects(inside(`child_process.execFileSync('/bin/sh')`), /ENOENT/)
    assert.equal(await stop(), 0)
  },
)

test('GL-04 the proxy writes nothing down: its standard output has no key', RUNNABLE, async (t) => {
  const { printed, privateKey, stop, client } = await startPod(t)
  const { operations } = portsOf()
  await eventually(() => client.succeeds(`curl -s --fail http://127.0.0.1:${operations}/healthz`), {
    timeoutMs: 30_000,
  })
  const shown = await Promise.all(
    ['/metrics', '/status'].map((path) => client.exec(`curl -s http://127.0.0.1:${operations}${path}`)),
  )
  await stop()
  assert.notEqual(shown.join(''), '')
  assert.equal([printed(), ...shown].join('\n').includes(privateKey), false)
})

function portsOf(): { listen: number; operations: number } {
  const byName = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]))
  return { listen: byName.get('http') ?? 0, operations: byName.get('operations') ?? 0 }
}

async function startPod(t: TestContext) {
  const host = await openRuntimeHost(t)
  const [client, far] = [await Namespace.create('pod'), await Namespace.create('far')]
  host.atEnd(() => (client.close(), far.close()))
  await connect([client, '192.0.2.1/24'], [far, '192.0.2.2/24'])
  const [own, theirs] = [makeKeyPair(), makeKeyPair()]
  await startFarEnd(far, own, theirs)

  const root = makeImage(host.folder)
  const files = { ...writeVolume(host.folder, { own, theirs }), '/usr/local/bin/node': process.execPath }
  const network = `/proc/${client.pid}/ns/net`
  const specification = specificationOf({ pod, entrypoint: entrypointOf(dockerfile), root, network, files })
  writeFileSync(join(host.folder, 'config.json'), JSON.stringify(specification))
  const [output, ended] = [join(host.folder, 'output'), join(host.folder, 'ended')]
  // Not `exec`: what crun comes back with is what the proxy ended with.
  const line = `crun run --bundle ${host.folder} proxy >${output} 2>&1 </dev/null; echo $? >${ended}`
  host.daemon(['sh', '-c', line])
  host.atEnd(() => host.exec('crun delete --force proxy').catch(() => {}))
  const proxyPid = await eventually(
    async () => {
      if (existsSync(ended)) throw new Error(`the container ended: ${readFileSync(output, 'utf8')}`)
      return (JSON.parse(await host.exec('crun state proxy')) as { pid: number }).pid
    },
    { what: 'the container runs' },
  )
  /** With the signal of the kubelet; the exit status. */
  const stop = async (): Promise<number> => {
    await host.exec('crun kill proxy TERM')
    return Number(await eventually(() => existsSync(ended) && readFileSync(ended, 'utf8').trim()))
  }
  const printed = () => readFileSync(output, 'utf8')
  return { client, host, proxyPid, stop, printed, privateKey: own.privateKey }
}

/** wireguard-go, and behind it the name server and the page that the example speaks of. */
async function startFarEnd(far: Namespace, own: KeyPair, theirs: KeyPair): Promise<void> {
  await wireguardGo.start(far, 'wg0')
  await configureEnd(far, 'wg0', {
    privateKey: theirs.privateKey,
    listenPort: 51820,
    addresses: [`${INSIDE}/64`],
    peers: [{ publicKey: own.publicKey, allowedIPs: ['fdaa:0:1::2/128'] }],
  })
  const [program, target] = [resolve('test/e2e/proxy-restricted-far-end.ts'), targetOf(objects)]
  const server = far.spawn(process.execPath, [program, INSIDE, target.hostname, target.port])
  if (server.stdout !== null) await once(server.stdout, 'data')
}

function targetOf(all: readonly KubernetesObject[]): URL {
  const text = all.find(({ kind }) => kind === 'ConfigMap')?.data?.['proxy.yaml'] ?? ''
  return new URL(/\bto: (\S+)/.exec(text)?.[1] ?? '')
}

/** As the Dockerfile has it: Node with its libraries, the package without its sources and what only tests need. */
function makeImage(folder: string): string {
  const root = join(folder, 'root')
  for (const path of ['proc', 'dev', 'etc/warren', 'usr/local/bin', 'lib', 'opt/warren'])
    mkdirSync(join(root, path), { recursive: true })
  stagePackage(join(root, 'opt/warren'))
  const modules = join(root, 'opt/warren/node_modules')
  unlinkSync(modules)
  for (const path of productionModules())
    cpSync(path, join(modules, path.replace(/^node_modules\//, '')), { recursive: true })
  for (const library of librariesOf(process.execPath))
    cpSync(realpathSync(library), join(root, 'lib', basename(library)))
  symlinkSync('lib', join(root, 'lib64'))
  for (const path of ['usr/local/bin/node', 'etc/warren/proxy.yaml', 'etc/warren/fly0.conf'])
    writeFileSync(join(root, path), '')
  // The folder of a test is its user's alone, and this user is root no more.
  for (const path of [folder, root]) chmodSync(path, 0o755)
  return root
}

function productionModules(): string[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>
  }
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  return production.map(([path]) => path).filter((path) => existsSync(path) && !/\/node-linux-/.test(path))
}

const librariesOf = (program: string): string[] =>
  execFileSync('ldd', [program], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? [])

/** The Secret and the ConfigMap as the kubelet mounts them, with keys and an endpoint of this test. */
function writeVolume(
  folder: string,
  { own, theirs }: { own: KeyPair; theirs: KeyPair },
): Record<string, string> {
  const content = Object.assign(
    {},
    ...objects.map(({ data, stringData }) => ({ ...data, ...stringData })),
  ) as Record<string, string>
  const volume = join(folder, 'volume')
  mkdirSync(volume)
  return Object.fromEntries(
    Object.entries(content).map(([name, text]) => {
      const file = join(volume, name)
      const filled = text
        .replace('REPLACE-WITH-THE-PRIVATE-KEY', own.privateKey)
        .replace('REPLACE-WITH-THE-PUBLIC-KEY-OF-THE-PEER', theirs.publicKey)
        .replace('gateway.example.com', '192.0.2.2')
      writeFileSync(file, filled, { mode: 0o440 })
      chownSync(file, FIRST_ID, FIRST_ID + pod.securityContext.fsGroup)
      return [`/etc/warren/${name}`, file]
    }),
  )
}
