/** Every decoder that reads what it did not write itself. A decoder without a target here is a hole. */
import { deviceTargets } from './targets/device.ts'
import { addressTargets } from './targets/addresses.ts'
import { dnsTargets } from './targets/dns.ts'
import { httpTargets } from './targets/http.ts'
import { importTargets } from './targets/imports.ts'
import { netlinkTargets } from './targets/netlink.ts'
import { planTargets } from './targets/plans.ts'
import { socksTargets } from './targets/socks.ts'
import { tcpConversationTargets } from './targets/tcp-conversation.ts'
import { tcpipPacketTargets } from './targets/tcpip-packets.ts'
import { textTargets } from './targets/wireguard-text.ts'
import { wireguardTargets } from './targets/wireguard.ts'
import type { FuzzTarget } from './target.ts'

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...wireguardTargets,
  ...textTargets,
  ...addressTargets,
  ...deviceTargets,
  ...netlinkTargets,
  ...planTargets,
  ...importTargets,
  ...httpTargets,
  ...dnsTargets,
  ...socksTargets,
  ...tcpipPacketTargets,
  ...tcpConversationTargets,
]
