/** An interface as it runs → the same value that a wg-quick file gives, and what such a file cannot say. Pure. */
import { contains, parsePrefix } from '../../model/index.ts'
import { EMPTY_INTERFACE, parseEndpoint, type WgConfig } from '../../protocols/wireguard/formats/index.ts'
import type { ImportOptions } from '../wg-quick/objects-of-config.ts'
import type { RunningInterface } from './running.ts'

/** IFAPROT_KERNEL_LL of <linux/if_addr.h>: the kernel's own link-local address. */
const KERNEL_LINK_LOCAL = 3
const MAIN_TABLE = 254
const RTN_UNICAST = 1
const RTPROT_KERNEL = 2

export function configOfRunning(running: RunningInterface): WgConfig {
  const { device } = running
  return {
    interface: {
      ...EMPTY_INTERFACE,
      ...(device.privateKey === undefined ? {} : { privateKey: device.privateKey }),
      listenPort: device.listenPort,
      fwmark: device.fwmark,
      mtuBytes: running.mtuBytes,
      addresses: ownAddresses(running)
        .filter((address) => address.peer === undefined)
        .map((address) => `${address.local}/${address.prefixLength}`),
    },
    peers: device.peers.map((peer) => {
      const endpoint = peer.endpoint === undefined ? undefined : parseEndpoint(peer.endpoint)
      return {
        comments: [],
        publicKey: peer.publicKey,
        ...(peer.presharedKey === undefined ? {} : { presharedKey: peer.presharedKey }),
        ...(endpoint === undefined ? {} : { endpoint }),
        allowedIPs: peer.allowedIPs,
        persistentKeepaliveSeconds: peer.persistentKeepaliveSeconds,
      }
    }),
  }
}

export function importOptionsOf(running: RunningInterface): Pick<ImportOptions, 'table' | 'pairs'> {
  const pairs = ownAddresses(running).flatMap((address) =>
    address.peer === undefined
      ? []
      : [{ local: address.local, peer: `${address.peer}/${address.prefixLength}` }],
  )
  return { table: tableOf(running), pairs }
}

function ownAddresses(running: RunningInterface): RunningInterface['addresses'] {
  return running.addresses.filter(
    (address) => address.protocol !== KERNEL_LINK_LOCAL && !isLinkLocalOfTun(running, address),
  )
}

/** Before Linux 5.18 the kernel does not say which addresses it made; on a TUN it makes a stable-privacy one. */
function isLinkLocalOfTun(
  running: RunningInterface,
  address: RunningInterface['addresses'][number],
): boolean {
  return (
    running.backend === 'userspace' &&
    address.prefixLength === 64 &&
    address.local.startsWith('fe80:') &&
    address.peer === undefined
  )
}

/**
 * Where routes to the allowed IPs are, if they are all in one table; otherwise whoever made the routes keeps them,
 * so that an import never asks for one that is not there.
 */
function tableOf(running: RunningInterface): 'main' | 'off' | number {
  const added = running.routes.filter(
    (route) => route.type === RTN_UNICAST && route.protocol !== RTPROT_KERNEL,
  )
  const table = added[0]?.table
  if (table === undefined) return 'off'
  const present = new Set(added.filter((route) => route.table === table).map((route) => route.destination))
  const allowed = running.device.peers.flatMap((peer) => peer.allowedIPs)
  const missing = allowed.filter(
    (prefix) => !present.has(prefix) && !(table === MAIN_TABLE && isConnected(prefix, running)),
  )
  if (missing.length > 0) return 'off'
  return table === MAIN_TABLE ? 'main' : table
}

/** The kernel routes an address's own prefix itself. */
function isConnected(prefix: string, { addresses }: RunningInterface): boolean {
  const inner = parsePrefix(prefix)
  return addresses.some((address) => {
    const outer =
      address.peer === undefined ? parsePrefix(`${address.local}/${address.prefixLength}`) : undefined
    return inner !== undefined && outer !== undefined && contains(outer, inner)
  })
}
