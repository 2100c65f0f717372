/**
 * The privileged half of `warren device`: makes or attaches to the link, opens the sockets and the folders, and gives
 * up every capability. Nothing from the network has been read by then.
 */
import {
  confineWrites,
  dropAllCapabilities,
  openTun,
  readMtu,
  setMtu,
  setTransmitQueue,
  type Syscalls,
} from '../linux/index.ts'
import type { Prepared } from './descriptors.ts'
import { makeUapiDirectory } from './uapi-server.ts'
import { HandshakeTimestampFile, openSparePairs } from '../datagrams/index.ts'

export interface DeviceSettings {
  readonly name: string
  /** Undefined: leave it, or 1420 on a link that we make. */
  readonly mtuBytes: number | undefined
  readonly fwmark: number
  readonly socketDir: string
  readonly stateDir: string
  /** Use no offloads, as on a kernel that has none: for tests and for finding faults. */
  readonly plain: boolean
}

/** 1500 less IPv6 and UDP headers and WireGuard's own 32, as everyone else has it. */
const DEFAULT_MTU_BYTES = 1420
/** As the kernel's WireGuard has it, and twice a TUN's own: what comes while a busy machine runs something else. */
const TRANSMIT_QUEUE_PACKETS = 1024

export function prepare(sys: Syscalls, settings: DeviceSettings): Prepared {
  const { name, fwmark, plain } = settings
  const tun = openTun(sys, { name, plain })
  const wantedMtu = settings.mtuBytes ?? (tun.existed ? undefined : DEFAULT_MTU_BYTES)
  if (wantedMtu !== undefined) setMtu(sys, name, wantedMtu)
  if (!tun.existed) setTransmitQueue(sys, name, TRANSMIT_QUEUE_PACKETS)
  const spares = openSparePairs(sys, { fwmark, plain })
  const socket = spares[0]?.inet ?? spares[0]?.inet6
  const mtuBytes = (socket && readMtu(sys, socket.fd, name)) ?? DEFAULT_MTU_BYTES
  makeUapiDirectory(settings.socketDir)
  // Made here, as its parent may take privileges; opened again by the other half.
  void new HandshakeTimestampFile(settings.stateDir, name)
  return { tun, spares, mtuBytes }
}

/** Every capability, and writing anywhere but where the socket and the timestamp are. For good, after execve. */
export function giveUpPrivileges(sys: Syscalls, { socketDir, stateDir }: DeviceSettings): void {
  confineWrites(sys, [socketDir, stateDir])
  dropAllCapabilities(sys)
}
