/** Debian's containerd, driven by its own ctr, with a specification of ours: what ctr makes itself asks for limits. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../harness/eventually.ts'
import { debianRuntimes } from './debian-runtimes.ts'
import { writeSpecification } from './oci-specification.ts'
import { makeRootFs, NETWORK, openRuntimeHost, untilReady, type RuntimeHost } from './runtime-host.ts'
import type { ContainerWorldKind } from './world.ts'

export const realContainerd = (): ContainerWorldKind => {
  const runtimes = debianRuntimes()
  return {
    name: 'containerd',
    options: 'missing' in runtimes ? { skip: runtimes.missing } : {},
    hasEvents: true,
    open: async (t) => {
      const host = await openRuntimeHost(t)
      const { socket, stop, ensure } = await startContainerd(host, '')
      const ctr = (line: string): Promise<string> => host.exec(`ctr --address=${socket} ${line}`)
      const specification = join(host.folder, 'config.json')
      await writeSpecification(host, { into: specification, root: makeRootFs(host) })
      await ctr(`container create --config=${specification} t1`)
      let running = false
      const end = async (): Promise<void> => {
        if (!running) return
        running = false
        await ctr('task kill --signal=KILL t1')
        await eventually(() => ctr('task delete t1').then(() => true))
      }
      host.atEnd(() => ensure().then(end))
      return {
        options: { containerdSocket: socket },
        ref: { kind: 'containerd', id: 't1', namespace: 'default' },
        never: { kind: 'containerd', id: 't1', namespace: 'other' },
        start: async () => {
          await ctr('task start --detach t1')
          running = true
        },
        stop: end,
        network: () => ctr(`task exec --exec-id=look t1 ${NETWORK.join(' ')}`),
        pause: async () => void (await ctr('task pause t1')),
        stopRuntime: stop,
      }
    },
  }
}

export interface Containerd {
  readonly socket: string
  readonly stop: () => Promise<void>
  /** For the end of a test that stopped it: nobody else can end its containers. */
  readonly ensure: () => Promise<void>
}

/** Answers once it is ready. `settings` are added to its configuration. */
export const startContainerd = async (host: RuntimeHost, settings: string): Promise<Containerd> => {
  const socket = join(host.folder, 'containerd.sock')
  const config = join(host.folder, 'containerd.toml')
  const own = ['version = 2', 'root = "/var/lib/containerd"', 'state = "/run/containerd"', '[grpc]']
  writeFileSync(config, [...own, `  address = "${socket}"`, settings].join('\n'))
  let daemon: { readonly stop: () => Promise<void> } | undefined
  const ensure = async (): Promise<void> => {
    daemon ??= host.daemon(['containerd', `--config=${config}`])
    await untilReady(host, `ctr --address=${socket} version`)
  }
  const stop = async (): Promise<void> => {
    await daemon?.stop()
    daemon = undefined
  }
  await ensure()
  return { socket, stop, ensure }
}
