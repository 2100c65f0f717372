/** The capabilities of this process (capabilities(7); proc_pid_status(5), CapEff). */
import { readFileSync } from 'node:fs'

/** Bits of <linux/capability.h>. */
const BITS = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const

export function effectiveCapabilities(): string[] {
  const text = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const mask = BigInt(`0x${text ?? '0'}`)
  return Object.entries(BITS).flatMap(([name, bit]) => ((mask >> BigInt(bit)) & 1n ? [name] : []))
}
