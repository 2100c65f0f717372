/**
 * The outer datagrams of a tunnel: sockets on one port in both families, remote addresses as objects, and runs that
 * leave in one system call; and the handshake timestamp that outlives a process. A userspace interface (device/) and a
 * tunnel inside a process (tunnel/) share it.
 */
export * from './datagram-runs.ts'
export * from './endpoints.ts'
export * from './handshake-timestamp.ts'
export * from './udp-ports.ts'
