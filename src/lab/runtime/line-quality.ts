/**
 * How good a machine's line is, on the way out: a rate by the token bucket filter, a delay by netem, through
 * RTM_NEWQDISC (<linux/pkt_sched.h>). Loss is a matter of nftables (filters/host-firewall.ts). A kernel without the
 * scheduler refuses, and then so do we: a delay that is not there would prove nothing.
 */
import { isKernelError, NetlinkSocket } from '../../linux/index.ts'
import { LabRefusal } from '../topology/lab-refusal.ts'
import type { Machine } from './machine.ts'

export interface LineQuality {
  readonly rateBitsPerSecond?: number
  readonly delayMs?: number
}

const NETLINK_ROUTE = 0
const RTM_NEWQDISC = 36
const NLM_F_CREATE_REPLACE = 0x400 | 0x100
const TCA_KIND = 1
const TCA_OPTIONS = 2
const TC_H_ROOT = 0xffffffff
const TCMSG = { bytes: 20, prefix: 'TCA_' } as const

const TCA_TBF_PARMS = 1
const TCA_TBF_BURST = 6
const TC_LINKLAYER_ETHERNET = 1
/** What may go out at once, and what may wait. */
const BURST_BYTES = 64 * 1024
const QUEUE_BYTES = 256 * 1024
const TCA_NETEM_LATENCY64 = 10
const QUEUE_PACKETS = 1000

export function setLineQuality(machine: Machine, link: string, quality: LineQuality): void {
  const { rateBitsPerSecond, delayMs } = quality
  if (rateBitsPerSecond !== undefined && delayMs !== undefined) {
    throw new LabRefusal('a lab line has a rate or a delay, not both')
  }
  if (rateBitsPerSecond !== undefined) {
    replaceQdisc(machine, { link, kind: 'tbf', options: tokenBucket(rateBitsPerSecond) })
  }
  if (delayMs !== undefined) replaceQdisc(machine, { link, kind: 'netem', options: delayLine(delayMs) })
}

type Writer = Parameters<Parameters<NetlinkSocket['execute']>[0]['body']>[0]

interface Qdisc {
  readonly link: string
  readonly kind: 'tbf' | 'netem'
  readonly options: (writer: Writer) => void
}

function replaceQdisc(machine: Machine, qdisc: Qdisc): void {
  const index = machine.route.indexOf(qdisc.link)
  const socket = machine.inside(() => NetlinkSocket.open(machine.sys, NETLINK_ROUTE))
  try {
    socket.execute({
      type: RTM_NEWQDISC,
      flags: NLM_F_CREATE_REPLACE,
      what: `put ${qdisc.kind} on ${qdisc.link} of ${machine.name}`,
      header: TCMSG,
      body: (writer) => {
        writer.u8(0).u8(0).u16(0).i32(index).u32(0).u32(TC_H_ROOT).u32(0)
        writer.attributeString(TCA_KIND, qdisc.kind)
        writer.nest(TCA_OPTIONS, qdisc.options)
      },
    })
  } catch (error) {
    if (!isKernelError(error, 'ENOENT', 'EOPNOTSUPP')) throw error
    const what = qdisc.kind === 'netem' ? 'delays' : 'rates'
    throw new LabRefusal(`this kernel has no ${qdisc.kind} (sch_${qdisc.kind}), which makes ${what}`)
  } finally {
    socket.close()
  }
}

/** `struct tc_tbf_qopt`: two `tc_ratespec` of 12 bytes, then limit, buffer and mtu. */
function tokenBucket(bitsPerSecond: number): Qdisc['options'] {
  const parameters = new Uint8Array(36)
  const view = new DataView(parameters.buffer)
  view.setUint8(1, TC_LINKLAYER_ETHERNET)
  view.setUint32(8, Math.round(bitsPerSecond / 8), true)
  view.setUint32(24, QUEUE_BYTES, true)
  return (writer) => {
    writer.attributeBytes(TCA_TBF_PARMS, parameters)
    writer.attributeU32(TCA_TBF_BURST, BURST_BYTES)
  }
}

/** `struct tc_netem_qopt` (latency, limit, loss, gap, duplicate, jitter), then attributes. */
function delayLine(delayMs: number): Qdisc['options'] {
  return (writer) => {
    for (const value of [0, QUEUE_PACKETS, 0, 0, 0, 0]) writer.u32(value)
    writer.attributeU64(TCA_NETEM_LATENCY64, BigInt(Math.round(delayMs * 1e6)))
  }
}
