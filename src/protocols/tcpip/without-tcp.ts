/** A stack in which TCP is not spoken: what comes is dropped, and what is asked for is refused. */
import { StreamError } from '../../streams/index.ts'
import type { TcpPart } from './stack.ts'

export function withoutTcp(): TcpPart {
  const refuse = (): never => {
    throw new StreamError({ code: 'EACCES', message: 'this stack speaks no TCP' })
  }
  return {
    receive: () => 'unknown-protocol',
    emit: () => 0,
    advance: () => {},
    nextDeadline: () => Number.POSITIVE_INFINITY,
    notify: () => {},
    close: () => {},
    connect: refuse,
    listen: refuse,
    icmpError: () => {},
    mtuChanged: () => {},
    connections: 0,
  }
}
