/** SOCKS5 into a tunnel. */
export * from './socks-server.ts'
