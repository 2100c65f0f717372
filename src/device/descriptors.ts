/**
 * What the privileged half hands to the half without privileges: open descriptors by number, across execve, in one
 * environment variable.
 *
 *   prepare (root): TUN, sockets, folders ─► drop every capability ─► execve itself ─► run (nothing left)
 */
import { check, type Syscalls, type Tun, type UdpSocket } from '../linux/index.ts'
import type { SocketPair } from '../datagrams/index.ts'

export interface Prepared {
  readonly tun: Tun
  readonly spares: readonly SocketPair[]
  readonly mtuBytes: number
}

/** fcntl(2). */
const F_SETFD = 2
const FD_CLOEXEC = 1

export const DESCRIPTORS_VARIABLE = 'WARREN_DEVICE_DESCRIPTORS'

/** Survives execve from now on. */
export function formatDescriptors(sys: Syscalls, prepared: Prepared): string {
  const sockets = prepared.spares.flatMap(({ inet, inet6 }) => [inet, inet6])
  for (const { fd } of [prepared.tun, ...sockets.filter((socket) => socket !== undefined)]) {
    check(sys.fcntl(fd, F_SETFD, 0), 'hand over a descriptor')
  }
  return JSON.stringify(prepared)
}

/** Closed at the next execve again, and so never inherited by accident. */
export function parseDescriptors(sys: Syscalls, text: string): Prepared {
  const prepared = JSON.parse(text) as Prepared
  const sockets = prepared.spares.flatMap(({ inet, inet6 }): (UdpSocket | undefined)[] => [inet, inet6])
  for (const { fd } of [prepared.tun, ...sockets.filter((socket) => socket !== undefined)]) {
    check(sys.fcntl(fd, F_SETFD, FD_CLOEXEC), 'take over a descriptor')
  }
  return prepared
}
