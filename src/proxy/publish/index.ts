/** Ports of this machine, offered inside a tunnel. */
export * from './publish.ts'
