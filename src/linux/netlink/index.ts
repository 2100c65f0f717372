/** Netlink as such: messages, attributes, acknowledgements, the socket. Families are in rtnl/, genl/ and nftables/. */
export * from './acknowledgement.ts'
export * from './attribute-cursor.ts'
export * from './message.ts'
export * from './message-writer.ts'
export * from './netlink-socket.ts'
export type { Outcome } from './pending-requests.ts'
