/** Forwards of both kinds, published ports and SOCKS, as running services. */
import { formatEndpoint } from '../protocols/wireguard/formats/index.ts'
import { formatListen } from './config/listen-at.ts'
import type { ForwardEntry, PublishEntry, SocksEntry } from './config/proxy-config.ts'
import { DialTrouble } from './dial-trouble.ts'
import { type Dialer, LocalDialer, type RelayFigures, TcpForward, UdpForward } from './forward/index.ts'
import type { RouteKind } from './operations/status.ts'
import { Publish } from './publish/index.ts'
import type { RunningService } from './running-service.ts'
import type { ServiceContext } from './service-context.ts'
import { SocksServer } from './socks/index.ts'

export function makeTcpService(entry: ForwardEntry, context: ServiceContext): RunningService {
  const { engine, tunnel } = context
  const trouble = troubleOf(formatListen(entry.listen), context)
  const forward = new TcpForward({
    ...{ clock: engine, to: entry.to, dialer: () => trouble.telling(tunnel(entry.tunnel)) },
    limits: idleOf(entry),
  })
  return {
    accept: (stream) => forward.accept(stream),
    ...endsOf(forward),
    status: () => statusOf('tcp', { ...entry, to: formatEndpoint(entry.to) }, forward.figures()),
  }
}

export function makeUdpService(entry: ForwardEntry, context: ServiceContext): RunningService {
  const { engine, tunnel } = context
  const trouble = troubleOf(formatListen(entry.listen), context)
  const forward = new UdpForward({
    ...{ clock: engine, to: entry.to, dialer: () => trouble.telling(tunnel(entry.tunnel)) },
    limits: idleOf(entry),
  })
  return {
    accept: (stream) => stream.destroy(),
    acceptDatagram: (bytes, from, local) => forward.accept(bytes, from, local),
    ...endsOf(forward),
    status: () => statusOf('udp', { ...entry, to: formatEndpoint(entry.to) }, forward.figures()),
  }
}

export function makePublishService(entry: PublishEntry, context: ServiceContext): RunningService {
  const { engine } = context
  const trouble = troubleOf(`${entry.tunnel}:${entry.port}`, context)
  const local = new LocalDialer(engine)
  const dialer: Dialer = { connect: (to, o) => trouble.of(local.connect(to, o), o.signal) }
  const publish = new Publish({ clock: engine, to: entry.to, dialer })
  return {
    accept: (stream) => publish.accept(stream),
    ...endsOf(publish),
    status: () => statusOf('publish', { ...entry, to: formatEndpoint(entry.to) }, publish.figures()),
  }
}

export function makeSocksService(entry: SocksEntry, context: ServiceContext): RunningService {
  const { engine, tunnel } = context
  const trouble = troubleOf(formatListen(entry.listen), context)
  const socks = new SocksServer({
    ...{ clock: engine, dialer: () => trouble.telling(tunnel(entry.tunnel)) },
    users: entry.users?.map(({ name, password }) => ({ name, password: password.reveal() })),
  })
  return {
    accept: (stream) => socks.accept(stream),
    ...endsOf(socks),
    status: () => statusOf('socks', { ...entry, to: undefined }, socks.figures()),
  }
}

const troubleOf = (route: string, { log, engine }: ServiceContext): DialTrouble =>
  new DialTrouble({ log, route, nowMs: () => engine.nowMs() })

interface Ending {
  drain(): Promise<void>
  close(): void
}

/** A drain that is asked for again is the same one. */
function endsOf(ending: Ending): Ending {
  let drained: Promise<void> | undefined
  return { drain: () => (drained ??= ending.drain()), close: () => ending.close() }
}

function statusOf(
  kind: RouteKind,
  { to, tunnel }: { readonly to: string | undefined; readonly tunnel: string },
  figures: RelayFigures,
): ReturnType<RunningService['status']> {
  return { kind, to, tunnel, ...figures, http: undefined }
}

const idleOf = ({ idleMs }: ForwardEntry): { readonly idleMs?: number } =>
  idleMs === undefined ? {} : { idleMs }
