/** Services and sockets for real, by their kinds. */
import type { ByteStream, StreamEnds } from '../streams/index.ts'
import type { AccessEntry } from './http/index.ts'
import { makeHttpService } from './http-service.ts'
import { makePublishService, makeSocksService, makeTcpService, makeUdpService } from './forward-services.ts'
import { listenAt, listenForDatagrams } from './open-socket.ts'
import { formatAccess } from './operations/access-log.ts'
import { type Answer, OperationsServer } from './operations/operations-server.ts'
import type { OpenSocket, RunningService, ServiceOpener } from './running-service.ts'
import type { ServiceContext } from './service-context.ts'
import type { KeyedService } from './services.ts'
import { formatListen } from './config/listen-at.ts'

const PUBLISHED_BACKLOG = 256

export interface OpenerOptions extends ServiceContext {
  readonly answer: (path: string) => Answer | undefined
  /** Where nothing else is said. */
  readonly accessLog: 'none' | 'text' | 'json'
  readonly writeAccess: (line: string) => void
}

export function createOpener(o: OpenerOptions): ServiceOpener {
  return {
    make: (service) => make(service, o),
    listen: (service, current) => listen(service, current, o),
  }
}

function make(service: KeyedService, o: OpenerOptions): RunningService {
  switch (service.kind) {
    case 'http':
      return makeHttpService(service.entry, o, accessOf(service, o))
    case 'tcp':
      return makeTcpService(service.entry, o)
    case 'udp':
      return makeUdpService(service.entry, o)
    case 'publish':
      return makePublishService(service.entry, o)
    case 'socks':
      return makeSocksService(service.entry, o)
    case 'operations':
      return operationsService(o)
  }
}

/** Undefined: of requests without a log no text is made. */
function accessOf(
  { entry, accessLog }: Extract<KeyedService, { kind: 'http' }>,
  o: OpenerOptions,
): ((entry: AccessEntry) => void) | undefined {
  const format = accessLog ?? o.accessLog
  if (format === 'none') return undefined
  const clockStartMs = Date.now() - o.engine.nowMs()
  const how = { format, clockStartMs, route: formatListen(entry.listen) }
  return (access) => o.writeAccess(formatAccess(access, how))
}

async function listen(
  service: KeyedService,
  current: () => RunningService,
  o: OpenerOptions,
): Promise<OpenSocket> {
  switch (service.kind) {
    case 'http':
    case 'tcp':
    case 'socks':
    case 'operations':
      return listenAt(o.engine, service.entry.listen, (stream) => current().accept(stream))
    case 'udp':
      return listenForDatagrams(service.entry.listen, current)
    case 'publish': {
      const { port, tunnel } = service.entry
      const onConnection = (stream: ByteStream & StreamEnds) => current().accept(stream)
      const listener = o.tunnel(tunnel).listen({ port, backlog: PUBLISHED_BACKLOG, onConnection })
      return { place: `${tunnel}:${listener.port}`, close: () => listener.close() }
    }
  }
}

function operationsService({ engine, answer }: OpenerOptions): RunningService {
  const server = new OperationsServer({ answer, after: (ms, run) => engine.after(ms, run) })
  return {
    accept: (stream) => server.serve(stream),
    drain: () => Promise.resolve(),
    close: () => server.close(),
    status: () => undefined,
  }
}
