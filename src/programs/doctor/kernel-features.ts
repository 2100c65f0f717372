/**
 * What this kernel can do, by the attempt: a list of modules would not tell, because features are built in, loaded on
 * demand or forbidden. A new network namespace takes the attempts and is gone afterwards.
 *
 * The kernel refuses a kind of link that it does not know with EOPNOTSUPP, before it looks at anything else; every
 * other answer, also that something is missing in the request, means that it knows the kind.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { KERNEL_FEATURES, type KernelFeature } from '../../diagnosis/index.ts'
import { isKernelError, NetlinkSocket, newNetns, type Syscalls, withNetns } from '../../linux/index.ts'
import { NftablesSocket, nftablesNumbers } from '../../linux/nftables/index.ts'
import * as uapi from '../../linux/uapi/index.ts'

type Features = Record<KernelFeature, boolean | null>

const UNKNOWN_KIND = 'EOPNOTSUPP'
const IFINFOMSG = { bytes: 16, prefix: 'IFLA_' } as const

export function tryKernelFeatures(sys: Syscalls): Features {
  const found = Object.fromEntries(KERNEL_FEATURES.map((one) => [one, null])) as Features
  let netns: number
  try {
    netns = newNetns(sys)
  } catch (error) {
    if (isKernelError(error)) return found // not ours to make
    throw error
  }
  try {
    withNetns(sys, netns, () => {
      for (const feature of KERNEL_FEATURES) found[feature] = tryFeature(sys, feature)
    })
  } finally {
    sys.close(netns)
  }
  return found
}

function tryFeature(sys: Syscalls, feature: KernelFeature): boolean | null {
  if (feature === 'nftables') return hasNftables(sys)
  if (feature === 'tun') return tunDevice() === 'usable'
  return knowsKind(sys, feature)
}

function knowsKind(sys: Syscalls, kind: string): boolean {
  const socket = NetlinkSocket.open(sys, uapi.NETLINK_ROUTE)
  try {
    socket.execute({
      type: uapi.RTM_NEWLINK,
      flags: uapi.NLM_F_CREATE | uapi.NLM_F_EXCL,
      what: `try a link of the kind ${kind}`,
      header: IFINFOMSG,
      body: (writer) => {
        for (let word = 0; word < 4; word++) writer.u32(0)
        writer.attributeString(uapi.IFLA_IFNAME, 'probe0')
        writer.nest(uapi.IFLA_LINKINFO, (info) => info.attributeString(uapi.IFLA_INFO_KIND, kind))
      },
    })
    socket.execute({
      type: uapi.RTM_DELLINK,
      what: `take the link of the kind ${kind} away`,
      header: IFINFOMSG,
      body: (writer) => {
        for (let word = 0; word < 4; word++) writer.u32(0)
        writer.attributeString(uapi.IFLA_IFNAME, 'probe0')
      },
    })
    return true
  } catch (error) {
    if (isKernelError(error)) return error.code !== UNKNOWN_KIND
    throw error
  } finally {
    socket.close()
  }
}

function hasNftables(sys: Syscalls): boolean {
  try {
    const socket = NftablesSocket.open(sys)
    try {
      socket.dump(nftablesNumbers.NFT_MSG_GETTABLE)
      return true
    } finally {
      socket.close()
    }
  } catch (error) {
    if (isKernelError(error)) return false
    throw error
  }
}

export function tunDevice(): 'usable' | 'missing' | 'forbidden' {
  try {
    closeSync(openSync('/dev/net/tun', constants.O_RDWR))
    return 'usable'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'missing'
  }
}
