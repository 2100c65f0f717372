/**
 * Two hosts joined by one make of userspace WireGuard, for bench/device.bench.ts:
 *
 *      host a                                        host b
 *   ┌───────────────┐  192.0.2.0/24                ┌───────────────┐
 *   │ wg0 10.9.0.1  │ eth0 ─────── veth ────── eth0│ wg0 10.9.0.2  │
 *   │ device        │ .1                         .2│ device        │
 *   └───────────────┘                              └───────────────┘
 *
 * Both ends run the same program, are configured over its UAPI socket, and have the same MTU.
 */
import { existsSync, readFileSync } from 'node:fs'
import { UapiClient } from '../src/device/index.ts'
import { eventually } from '../test/harness/eventually.ts'
import { connect, Namespace } from '../test/harness/namespace.ts'
import { makeKeyPair } from '../test/harness/wireguard-ends.ts'

export interface DeviceProgram {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export interface DevicePair {
  readonly a: Namespace
  readonly b: Namespace
  /** Of the two device processes. */
  readonly pids: readonly number[]
  close(): void
}

export const INNER_B = '10.9.0.2'

export async function startPair(program: DeviceProgram): Promise<DevicePair> {
  const [a, b] = [await Namespace.create('a'), await Namespace.create('b')]
  await connect([a, '192.0.2.1/24'], [b, '192.0.2.2/24'])
  const [keyA, keyB] = [makeKeyPair(), makeKeyPair()]
  const pids = [await startDevice(a, program), await startDevice(b, program)]
  await configure(a, { own: keyA.privateKey, peer: keyB.publicKey, other: 2, local: 1 })
  await configure(b, { own: keyB.privateKey, peer: keyA.publicKey, other: 1, local: 2 })
  await eventually(() => a.succeeds(`ping -c 1 -W 1 ${INNER_B}`), { what: 'the first ping' })
  return {
    ...{ a, b, pids },
    close: () => {
      a.close()
      b.close()
    },
  }
}

async function startDevice(host: Namespace, { program, args, env }: DeviceProgram): Promise<number> {
  const child = host.spawn(program, args, env)
  await eventually(() => existsSync(host.pathOf('/run/wireguard/wg0.sock')), { what: `${program} is ready` })
  return child.pid ?? 0
}

async function configure(
  host: Namespace,
  { own, peer, other, local }: { own: string; peer: string; other: number; local: number },
): Promise<void> {
  await new UapiClient(host.pathOf('/run/wireguard/wg0.sock')).set({
    privateKey: own,
    listenPort: 51820,
    peers: [{ publicKey: peer, endpoint: `192.0.2.${other}:51820`, allowedIPs: [`10.9.0.${other}/32`] }],
  })
  await host.exec(`ip address add 10.9.0.${local}/24 dev wg0`)
  await host.exec('ip link set wg0 up mtu 1420')
}

/** User and system time of the processes so far, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

export function residentMebibytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? Number.NaN) / 1024
}
