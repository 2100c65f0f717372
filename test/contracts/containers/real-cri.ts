/**
 * A node of Kubernetes without Kubernetes: Debian's containerd with its CRI service, a pod with one container made as
 * the kubelet makes it, and a network plugin of three lines that gives the pod no network beyond its namespace.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GrpcSocket } from '../../../src/containers/grpc/grpc-socket.ts'
import { readFields, writeFields, type Fields } from '../../../src/containers/grpc/wire.ts'
import { eventually } from '../../harness/eventually.ts'
import { debianRuntimes } from './debian-runtimes.ts'
import { IDLE_IMAGE, makeIdleImage } from './idle-image.ts'
import { startContainerd } from './real-containerd.ts'
import { IDLE, NETWORK, openRuntimeHost, type RuntimeHost } from './runtime-host.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

export const realCri = (kind: 'cri' | 'pod'): ContainerWorldKind => {
  const runtimes = debianRuntimes()
  return {
    name: `containerd, by ${kind}`,
    options: 'missing' in runtimes ? { skip: runtimes.missing } : {},
    hasEvents: true,
    startsOnce: kind === 'cri',
    open: async (t) => {
      const host = await openRuntimeHost(t)
      const { socket, stop, ensure } = await startContainerd(host, criSettings(host))
      await host.exec(`ctr --address=${socket} --namespace=k8s.io images import ${await makeIdleImage(host)}`)
      const pod = new Pod(socket)
      // CRI hears of the import by itself, some time later.
      await eventually(() => pod.hasImage(), { timeoutMs: 60_000 })
      host.atEnd(() => ensure().then(() => pod.close()))
      return podWorld(pod, { kind, socket, stop })
    },
  }
}

interface PodOptions {
  readonly kind: 'cri' | 'pod'
  readonly socket: string
  readonly stop: () => Promise<void>
}

const podWorld = async (pod: Pod, { kind, socket, stop }: PodOptions): Promise<ContainerWorld> => {
  const common = { options: { criSocket: socket }, network: () => pod.network(), stopRuntime: stop }
  if (kind === 'pod')
    return {
      ...common,
      ref: { kind, namespace: 'default', name: 'web' },
      never: { kind, namespace: 'other', name: 'web' },
      start: async () => {
        await pod.runSandbox()
        await pod.startContainer()
      },
      stop: () => pod.removeSandbox(),
    }
  // An id of CRI is for one life, so it has to be there before it can be asked for.
  await pod.runSandbox()
  return {
    ...common,
    ref: { kind, id: await pod.createContainer() },
    never: { kind, id: 'never' },
    start: () => pod.startContainer(),
    stop: () => pod.stopContainer(),
  }
}

type Field = readonly [number, string | number | boolean | Uint8Array]
const message = (...fields: readonly Field[]): Uint8Array => writeFields(fields)

/** PodSandboxConfig {metadata 1 {name 1, uid 2, namespace 3}, log_directory 3}; ContainerConfig {metadata 1, image 2 {1}, command 3}. */
class Pod {
  readonly #grpc: GrpcSocket
  #sandbox = ''
  #container = ''
  #attempt = 0

  constructor(socket: string) {
    this.#grpc = new GrpcSocket(socket)
  }

  /** ImageStatusRequest {image 1 {image 1}}, ImageStatusResponse {image 1}. */
  async hasImage(): Promise<boolean> {
    const request = message([1, message([1, IDLE_IMAGE])])
    return (await this.#ask('ImageStatus', request, 'ImageService')).message(1) !== undefined
  }

  async runSandbox(): Promise<void> {
    this.#sandbox = (await this.#ask('RunPodSandbox', message([1, this.#config()]))).text(1)
  }

  async createContainer(): Promise<string> {
    const metadata = message([1, 'main'], [2, this.#attempt++])
    const command = IDLE.map((word) => [3, word] as const)
    const config = message([1, metadata], [2, message([1, IDLE_IMAGE])], ...command)
    const answer = await this.#ask(
      'CreateContainer',
      message([1, this.#sandbox], [2, config], [3, this.#config()]),
    )
    return (this.#container = answer.text(1))
  }

  async startContainer(): Promise<void> {
    if (this.#container === '') await this.createContainer()
    await this.#ask('StartContainer', message([1, this.#container]))
  }

  async stopContainer(): Promise<void> {
    await this.#ask('StopContainer', message([1, this.#container], [2, 0]))
  }

  async removeSandbox(): Promise<void> {
    await this.#ask('StopPodSandbox', message([1, this.#sandbox]))
    await this.#ask('RemovePodSandbox', message([1, this.#sandbox]))
    this.#container = ''
  }

  /** ExecSync: what a process in the container sees. */
  async network(): Promise<string> {
    const command = NETWORK.map((word) => [2, word] as const)
    const answer = await this.#ask('ExecSync', message([1, this.#container], ...command, [3, 10]))
    return answer.text(1).trim()
  }

  async close(): Promise<void> {
    await this.removeSandbox().catch(() => {}) // The test may have removed it, or the runtime.
    this.#grpc.close()
  }

  #config(): Uint8Array {
    return message([1, message([1, 'web'], [2, `uid-${this.#sandbox}`], [3, 'default'])], [8, message()])
  }

  async #ask(method: string, request: Uint8Array, service = 'RuntimeService'): Promise<Fields> {
    const call = {
      path: `/runtime.v1.${service}/${method}`,
      message: request,
      signal: AbortSignal.timeout(60_000),
    }
    const answer = readFields(await this.#grpc.ask(call))
    if (answer === undefined) throw new Error(`${method}: not a message`)
    return answer
  }
}

/** No limits, no layers that need overlayfs, and a plugin that answers as CNI 0.4.0 wants it. */
const criSettings = (host: RuntimeHost): string => {
  const plugins = join(host.folder, 'cni')
  mkdirSync(plugins)
  const result = `{"cniVersion":"0.4.0","interfaces":[{"name":"eth0","sandbox":"'$CNI_NETNS'"}],"ips":[{"version":"4","interface":0,"address":"192.0.2.2/24"}],"routes":[]}`
  for (const name of ['nothing', 'loopback']) {
    const path = join(plugins, name)
    writeFileSync(path, `#!/bin/sh\ncat >/dev/null\necho '${result}'\n`)
    chmodSync(path, 0o755)
  }
  writeFileSync(
    join(plugins, 'net.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'none', plugins: [{ type: 'nothing' }] }),
  )
  const cri = '[plugins."io.containerd.grpc.v1.cri"'
  return [
    `${cri}]`,
    `  sandbox_image = "${IDLE_IMAGE}"`,
    '  disable_cgroup = true',
    '  disable_apparmor = true',
    '  restrict_oom_score_adj = true',
    `${cri}.containerd]`,
    '  snapshotter = "native"',
    `${cri}.cni]`,
    `  bin_dir = "${plugins}"`,
    `  conf_dir = "${plugins}"`,
  ].join('\n')
}
