/** The states of RFC 9293 §3.3.2 in the order of a life, so that comparisons mean something; LISTEN is listeners.ts. */
export const CLOSED = 0
export const SYN_SENT = 1
export const SYN_RECEIVED = 2
export const ESTABLISHED = 3
export const CLOSE_WAIT = 4
export const FIN_WAIT_1 = 5
export const FIN_WAIT_2 = 6
export const CLOSING = 7
export const LAST_ACK = 8
export const TIME_WAIT = 9

/** One of the above; STATE_NAMES has its word. */
export type TcpState = number

/** The words of the RFC. */
export const STATE_NAMES = [
  'CLOSED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'CLOSE-WAIT',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
]
