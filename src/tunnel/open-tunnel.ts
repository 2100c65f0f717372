/** A tunnel out of its settings: sockets, cipher, core and peers' places put together. */
import { HandshakeTimestampFile } from '../datagrams/index.ts'
import type { StackLimits, TcpSettings } from '../protocols/tcpip/index.ts'
import type { PagePool } from '../streams/index.ts'
import { chooseAead } from './choose-aead.ts'
import { firstChange } from './device-change.ts'
import type { TunnelEngine, TunnelLog } from './engine.ts'
import { lookUpOnHost } from './host-resolver.ts'
import { namesInside } from './names.ts'
import { NativeOuter } from './native-outer.ts'
import { type OuterPort, saying } from './outer-port.ts'
import { type Lookup, PeerEndpoints } from './peer-endpoints.ts'
import { PlainOuter } from './plain-outer.ts'
import { ProcessTunnel } from './process-tunnel.ts'
import { randomBytesOf } from './random-bytes.ts'
import type { TunnelSettings } from './settings.ts'
import type { Tunnel } from './tunnel-api.ts'
import { TunnelCore } from './tunnel-core.ts'

export interface OpenTunnelOptions {
  readonly settings: TunnelSettings
  readonly engine: TunnelEngine
  readonly log?: TunnelLog
  /** What waits in all connections comes out of it; default: a pool of this tunnel's own. */
  readonly pool?: PagePool
  readonly limits?: Partial<StackLimits>
  readonly tcp?: Partial<TcpSettings>
  /**
   * A folder to keep the last handshake's timestamp in. Without one, a machine whose clock went back is not heard by
   * its peers until the clock has caught up.
   */
  readonly stateDir?: string
  /** Names of endpoints. Default: this machine's resolver. */
  readonly lookup?: Lookup
  /** What carries the outer datagrams. Default: UDP sockets, as the engine has them. */
  readonly outer?: OuterPort
}

/**
 * The tunnel is there at once; its peers' names are looked up and the first handshakes begun in the background, and what
 * goes wrong with them is in `status()` and tried again. Rejects when a port is taken or a folder cannot be written.
 */
export async function openTunnel(o: OpenTunnelOptions): Promise<Tunnel> {
  const { settings, engine, log } = o
  const { name, addresses, mtuBytes } = settings
  const timestamps =
    o.stateDir === undefined ? undefined : new HandshakeTimestampFile(o.stateDir, encodeURIComponent(name))
  const chosen = chooseAead(engine.kind)
  const outer = o.outer ?? udpFor(engine, settings.listenPort)
  const endpoints = new PeerEndpoints({
    ...{ engine, log: log && ofTunnel(name, log), lookup: o.lookup ?? lookUpOnHost },
    endpointOf: (address, port) => outer.endpointOf(address, port),
    place: (publicKey, endpoint) =>
      core.wireguard.configure({ peers: [{ publicKey, updateOnly: true, endpoint }] }, engine.nowMs()),
    initiate: (publicKey) => {
      core.wireguard.initiate(publicKey, engine.nowMs())
      core.schedule()
    },
  })
  const core: TunnelCore = new TunnelCore({
    ...{ engine, outer, aead: chosen.aead, addresses, mtuBytes, random: randomBytesOf },
    ...{ wallClockMs: () => Date.now(), handshakes: endpoints },
    soon: o.outer === undefined ? soonIn(engine) : (run) => void engine.after(0, run),
    ...{ pool: o.pool, limits: o.limits, tcp: o.tcp, handshakeTimestamp: timestamps?.saved },
    saveTimestamp: timestamps && ((timestamp) => keep(timestamps, timestamp, log)),
  })
  try {
    core.wireguard.configure(firstChange(settings), engine.nowMs())
  } catch (error) {
    outer.close()
    throw error
  }
  outer.start(core)
  endpoints.configure(settings.peers)
  log?.info('tunnel open', { tunnel: name, port: outer.port, engine: engine.kind, aead: chosen.name })
  const namesFor = (wanted: TunnelSettings) =>
    namesInside({ settings: wanted, stack: core.stack, engine, hasRoute: (to) => core.hasRoute(to) })
  return new ProcessTunnel({ engine, log, core, outer, endpoints, aeadName: chosen.name, namesFor }, settings)
}

/** Peers are told apart by their keys, but who reads a log knows the names of tunnels. */
const ofTunnel = (tunnel: string, log: TunnelLog): TunnelLog => ({
  info: (message, fields) => log.info(message, { tunnel, ...fields }),
  warn: (message, fields) => log.warn(message, { tunnel, ...fields }),
})

function udpFor(engine: TunnelEngine, port: number): OuterPort {
  const { reactor } = engine
  return saying(port, () =>
    engine.kind === 'native' && reactor !== undefined
      ? new NativeOuter({ reactor, port, after: (ms, run) => engine.after(ms, run) })
      : new PlainOuter({ port, atEndOfTurn: (run) => engine.turns.atEndOfTurn(run) }),
  )
}

/** A timer of 0 ms takes one. */
function soonIn({ reactor }: TunnelEngine): (run: () => void) => void {
  return reactor === undefined
    ? (run) => void setImmediate(run)
    : (run) => void setImmediate(() => reactor.turn(run))
}

/** A full disk must not end a tunnel: what is lost is the promise for a machine whose clock goes back. */
function keep(file: HandshakeTimestampFile, timestamp: string, log: TunnelLog | undefined): void {
  try {
    file.save(timestamp)
  } catch (error) {
    log?.warn('the handshake timestamp cannot be kept', { error: String(error) })
  }
}
