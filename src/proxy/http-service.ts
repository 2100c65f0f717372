/** An HTTP route as a running service: the proxy of http/ between a socket, TLS where it is asked for, and a tunnel. */
import { formatTargetUrl } from './config/target-url.ts'
import { formatListen } from './config/listen-at.ts'
import type { HttpEntry } from './config/proxy-config.ts'
import { DialTrouble } from './dial-trouble.ts'
import { type AccessEntry, DURATION_BOUNDS_MS, HttpProxy } from './http/index.ts'
import type { HttpStatus } from './operations/status.ts'
import type { RunningService } from './running-service.ts'
import type { Dial, ServiceContext } from './service-context.ts'

export function makeHttpService(
  entry: HttpEntry,
  context: ServiceContext,
  onAccess: ((entry: AccessEntry) => void) | undefined,
): RunningService {
  const { engine, log } = context
  const reach = context.dialer(entry)
  const trouble = new DialTrouble({ log, nowMs: () => engine.nowMs(), route: formatListen(entry.listen) })
  const dial: Dial = ({ signal }) => trouble.of(reach({ signal }), signal)
  const accept = context.acceptor(entry.tls)
  const proxy = new HttpProxy({
    ...{ route: entry.route, dial, turns: engine.turns, onAccess },
    after: (ms, run) => engine.after(ms, run),
    nowMs: () => engine.nowMs(),
  })
  let drained: Promise<void> | undefined
  return {
    accept: (stream) => accept(stream, (plain) => proxy.serve(plain)),
    drain: () => (drained ??= proxy.drain()),
    close: () => proxy.close(),
    // The prober says itself what comes of it.
    probe: { host: entry.target.host, dial: reach },
    status: () => {
      const { counters } = proxy
      const { clients } = proxy.status()
      return {
        ...{ kind: 'http', to: formatTargetUrl(entry.target), tunnel: entry.tunnel },
        ...{ connections: clients, connectionsTotal: counters.clientConnections },
        ...{ receivedBytes: counters.receivedBytes, sentBytes: counters.sentBytes },
        errors: { ...counters.failures },
        http: httpStatus(proxy),
      }
    },
  }
}

function httpStatus(proxy: HttpProxy): HttpStatus {
  const { counters } = proxy
  const { upstream } = proxy.status()
  const answers: Record<string, number> = {}
  for (const [status, count] of counters.statuses.entries())
    if (count > 0) answers[status === 0 ? 'none' : String(status)] = count
  return {
    requests: counters.requests,
    answers,
    seconds: {
      bounds: DURATION_BOUNDS_MS.map((ms) => ms / 1000),
      counts: Array.from(counters.durations),
      sum: counters.durationSumMs / 1000,
    },
    upstream: { busy: upstream.open - upstream.idle, idle: upstream.idle },
  }
}
