/** What runs on a socket: an HTTP proxy, a forward, SOCKS, or the operations server. The fakes of tests are others. */
import type { ByteStream, SocketEnd, StreamEnds } from '../streams/index.ts'
import type { LocalDatagrams } from './forward/index.ts'
import type { RouteStatus } from './operations/status.ts'
import type { ProbeTarget } from './operations/prober.ts'
import type { KeyedService } from './services.ts'

export interface RunningService {
  /** A connection that came in where this service listens. */
  accept(stream: ByteStream & StreamEnds): void
  /** Of services over UDP: a datagram that came in there, and by what an answer goes back. */
  readonly acceptDatagram?:
    | ((bytes: Uint8Array, from: SocketEnd, local: Pick<LocalDatagrams, 'send'>) => void)
    | undefined
  /** Whatever is busy may finish; what is idle ends now. Resolves when nothing is left. */
  drain(): Promise<void>
  /** Ends everything at once. */
  close(): void
  /** Undefined: it is no route. */
  status(): Omit<RouteStatus, 'listen'> | undefined
  /** What a probe of it would ask. */
  readonly probe?: Omit<ProbeTarget, 'route'> | undefined
}

/** A place where connections or datagrams come in. */
export interface OpenSocket {
  /** As it really is, with the number of a port that was 0. */
  readonly place: string
  close(): void
}

/** A service and the socket that feeds it: opened once, while what stands behind it may be exchanged. */
export interface ServiceOpener {
  /** No I/O. Throws when the service cannot be made, with an Error that says why. */
  make(service: KeyedService): RunningService
  /** Rejects with an Error that says why: the address is taken, or not ours, or takes a privilege. */
  listen(service: KeyedService, current: () => RunningService): Promise<OpenSocket>
}
