/** Debian's docker and podman, each with a container of this machine's busybox and no network of the engine's. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianRuntimes, runtimePath } from './debian-runtimes.ts'
import { IDLE, makeRootTar, NETWORK, openRuntimeHost, untilReady, type RuntimeHost } from './runtime-host.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

const options = (): { skip?: string } => {
  const runtimes = debianRuntimes()
  return 'missing' in runtimes ? { skip: runtimes.missing } : {}
}

export const realDocker = (): ContainerWorldKind => ({
  name: 'docker',
  options: options(),
  hasEvents: true,
  open: async (t) => {
    const host = await openRuntimeHost(t)
    const socket = join(host.folder, 'docker.sock')
    // Neither bridges nor filters: there is no iptables here, and the containers of the test have no network.
    const daemon = host.daemon([
      ...['dockerd', '--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
      ...[`--host=unix://${socket}`, '--pidfile=/run/docker.pid', '--exec-root=/run/docker'],
    ])
    const docker = [runtimePath('docker'), `--host=unix://${socket}`]
    return engineWorld({ host, cli: docker, kind: 'docker', flags: [], socket, stopRuntime: daemon.stop })
  },
})

export const realPodman = (): ContainerWorldKind => ({
  name: 'podman',
  options: options(),
  hasEvents: true,
  open: async (t) => {
    const host = await openRuntimeHost(t)
    const socket = join(host.folder, 'podman.sock')
    await configurePodman(host)
    const daemon = host.daemon([...podman(host), 'system', 'service', '--time=0', `unix://${socket}`])
    // Limits that a machine without CAP_SYS_RESOURCE or without the pids controller may not set.
    const flags = ['--pids-limit=0', '--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024']
    return engineWorld({
      host,
      cli: podman(host),
      kind: 'podman',
      flags,
      socket,
      stopRuntime: daemon.stop,
    })
  },
})

interface Engine {
  readonly host: RuntimeHost
  readonly cli: readonly string[]
  readonly kind: 'docker' | 'podman'
  readonly flags: readonly string[]
  readonly socket: string
  readonly stopRuntime: () => Promise<void>
}

const engineWorld = async (engine: Engine): Promise<ContainerWorld> => {
  const { host, cli, kind, flags, socket } = engine
  const call = (...args: readonly string[]): Promise<string> => host.execArgs([...cli, ...args])
  await untilReady(host, [...cli, 'version'].join(' '))
  await call('import', ...importFlags(engine), await makeRootTar(host), 'idle:1')
  await untilListening(host, socket)
  let made = false
  // Also after a test that failed half way: under either name, paused or not.
  host.atEnd(() =>
    call('rm', ...(kind === 'podman' ? ['--ignore'] : []), '--force', 'web', 'other').catch(() => {}),
  )
  return {
    options: kind === 'docker' ? { dockerSocket: socket } : { podmanSocket: socket },
    ref: { kind, name: 'web' },
    never: { kind, name: 'never' },
    start: async () => {
      if (made) await call('start', 'web')
      else
        await call(
          'run',
          '--detach',
          '--name=web',
          '--network=none',
          '--stop-signal=KILL',
          ...flags,
          'idle:1',
          ...IDLE,
        )
      made = true
    },
    stop: async () => void (await call('stop', '--time=0', 'web')),
    network: () => call('exec', 'web', ...NETWORK),
    pause: async () => void (await call('pause', 'web')),
    rename: async (there) =>
      void (await (there ? call('rename', 'web', 'other') : call('rename', 'other', 'web'))),
    stopRuntime: engine.stopRuntime,
  }
}

const untilListening = (host: RuntimeHost, socket: string): Promise<boolean> =>
  untilReady(host, `test -S ${socket}`)

const podman = (host: RuntimeHost): string[] => [
  ...['env', `CONTAINERS_CONF=${join(host.folder, 'containers.conf')}`],
  ...[runtimePath('podman'), '--storage-driver=vfs'],
]

const importFlags = ({ kind, host }: Engine): string[] =>
  kind === 'podman' ? [`--signature-policy=${join(host.folder, 'policy.json')}`] : []

const configurePodman = async (host: RuntimeHost): Promise<void> => {
  writeFileSync(join(host.folder, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}')
  const settings = [
    '[engine]',
    'cgroup_manager="cgroupfs"',
    'events_logger="file"',
    `conmon_path=["${runtimePath('conmon')}"]`,
    'runtime="runc"',
    '[engine.runtimes]',
    `runc=["${join(runtimePath('runc'), '../../sbin/runc')}"]`,
  ]
  writeFileSync(join(host.folder, 'containers.conf'), settings.join('\n'))
}
