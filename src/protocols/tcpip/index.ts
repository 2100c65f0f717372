/** TCP/IP in one process: IPv4 and IPv6, ICMP, UDP and TCP; packets and the time go in, packets and streams come out. Pure. */
import { Stack } from './stack.ts'
import type { StackOptions, TcpIpStack } from './stack-api.ts'
import { TcpLayer } from './tcp/tcp-layer.ts'

export * from './stack-api.ts'
export { DEFAULT_STACK_LIMITS, DEFAULT_TCP_SETTINGS } from './limits.ts'

/** Throws RangeError when an address is none. */
export function createStack(options: StackOptions): TcpIpStack {
  return new Stack(options, (context, nowMs) => new TcpLayer(context, nowMs))
}
