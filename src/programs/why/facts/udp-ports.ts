/** Ports that UDP sockets are bound to, also those of the kernel's own WireGuard (proc(5), /proc/net/udp). */
import { readFileSync } from 'node:fs'

const FILES = ['/proc/self/net/udp', '/proc/self/net/udp6']

export function boundUdpPorts(): number[] {
  const ports = new Set<number>()
  for (const file of FILES) {
    for (const line of linesOf(file)) {
      const port = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /.exec(line)?.[1]
      if (port !== undefined) ports.add(Number.parseInt(port, 16))
    }
  }
  return [...ports].toSorted((a, b) => a - b)
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return [] // without IPv6 there is no such file
  }
}
