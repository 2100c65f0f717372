/** Connections and datagrams carried from one side to the other. */
export * from './counters.ts'
export * from './dialer.ts'
export * from './local-datagrams.ts'
export * from './local-dialer.ts'
export * from './relay.ts'
export * from './tcp-forward.ts'
export * from './udp-forward.ts'
