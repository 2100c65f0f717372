/**
 * The half of `warren device` without privileges: the state machine between the descriptors it was given, until the
 * link is deleted or somebody asks it to stop. The link stays either way; it is persistent.
 */
import { randomFillSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { EventLoop, loadChachaAead, loadEvpAead, loadPacketCalls, type Syscalls } from '../linux/index.ts'
import { type Aead, nodeAead, WireGuardDevice } from '../protocols/wireguard/index.ts'
import type { Prepared } from './descriptors.ts'
import { DeviceLoop } from './device-loop.ts'
import type { DeviceSettings } from './prepare.ts'
import { uapiHandler } from './uapi-handler.ts'
import { serveUapi, uapiSocketPath } from './uapi-server.ts'
import { HandshakeTimestampFile, UdpPorts } from '../datagrams/index.ts'

export interface RunOptions {
  readonly sys: Syscalls
  readonly settings: DeviceSettings
  readonly prepared: Prepared
  /** Aborted: stop. */
  readonly signal: AbortSignal
  /** The UAPI socket is listening. */
  readonly onReady: () => void
  /** Somebody sent SIGUSR2: what was dropped so far, by reason. */
  readonly onCounters: (counters: Readonly<Record<string, number>>) => void
}

/** The fastest that this runtime has. */
export const fastestAead = (): Aead => loadChachaAead() ?? loadEvpAead() ?? nodeAead

/** How it ended. Throws when it could not begin. */
export async function runDevice(o: RunOptions): Promise<'stopped' | 'link-gone'> {
  const { sys, settings, prepared, signal } = o
  const { name, fwmark, plain } = settings
  const calls = loadPacketCalls()
  const ports = new UdpPorts(sys, { spares: prepared.spares, sockets: { fwmark, plain } })
  const timestamps = new HandshakeTimestampFile(settings.stateDir, name)
  const wireguard = new WireGuardDevice({
    aead: fastestAead(),
    random: (length) => randomFillSync(new Uint8Array(length)),
    wallClockMs: () => Date.now(),
    mtuBytes: prepared.mtuBytes,
    ...(timestamps.saved === undefined ? {} : { handshakeTimestamp: timestamps.saved }),
  })
  ports.listen(0)
  const { promise: ended, resolve: end } = Promise.withResolvers<'stopped' | 'link-gone'>()
  const loop = new DeviceLoop({
    ...{ name, sys, calls, tun: prepared.tun, ports, wireguard, timestamps },
    watcher: new EventLoop(),
    onLinkGone: () => end('link-gone'),
  })
  const handler = uapiHandler({
    ...{ wireguard, ports, fwmark, endpoints: loop.endpoints },
    nowMs: () => loop.nowMs(),
    onListen: () => loop.watchSockets(),
    onChange: () => loop.settle(),
  })
  const path = uapiSocketPath(settings.socketDir, name)
  const server = await serveUapi(path, handler)
  const describe = () => o.onCounters({ ...loop.counters, ...wireguard.drops })
  process.on('SIGUSR2', describe)
  signal.addEventListener('abort', () => end('stopped'))
  if (signal.aborted) end('stopped')
  loop.start()
  o.onReady()
  const how = await ended
  process.off('SIGUSR2', describe)
  loop.stop()
  server.close()
  rmSync(path, { force: true })
  ports.close()
  sys.close(prepared.tun.fd)
  return how
}
