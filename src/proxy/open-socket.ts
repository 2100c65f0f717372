/** Listens where a configuration says: an address, a name of this machine, or all of its addresses of both families. */
import { lookup } from 'node:dns/promises'
import type { Engine } from '../sockets/index.ts'
import type { ByteStream, StreamEnds } from '../streams/index.ts'
import { formatListen, type ListenAt } from './config/listen-at.ts'
import type { OpenSocket, RunningService } from './running-service.ts'

const BACKLOG = 4096

export async function listenAt(
  engine: Engine,
  listen: ListenAt,
  onConnection: (stream: ByteStream & StreamEnds) => void,
): Promise<OpenSocket> {
  try {
    const address = await addressOf(listen)
    const listener = await engine.listen({ address, port: listen.port, backlog: BACKLOG, onConnection })
    const place = formatListen({ host: listen.host, port: listener.port })
    return { place, close: () => listener.close() }
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  }
}

export async function listenForDatagrams(
  listen: ListenAt,
  current: () => RunningService,
): Promise<OpenSocket> {
  // Of those who forward UDP alone.
  const { LocalDatagrams } = await import('./forward/index.ts')
  try {
    const local = await LocalDatagrams.open({
      ...{ address: await addressOf(listen), port: listen.port },
      onDatagram: (bytes, from, socket) => current().acceptDatagram?.(bytes, from, socket),
    })
    return { place: formatListen({ host: listen.host, port: local.port }), close: () => local.close() }
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  }
}

async function addressOf({ host }: ListenAt): Promise<string> {
  if (host === '' || /^[\d.]+$|:/.test(host)) return host
  return (await lookup(host, { order: 'ipv4first' })).address
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'it is no address of this machine',
  ENOTFOUND: 'its name has no address here',
  EAI_AGAIN: 'its name cannot be looked up now',
  EACCES: 'ports below 1024 take a privilege (net.ipv4.ip_unprivileged_port_start)',
}

function explain(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const words = WORDS[code]
  return words === undefined ? message : `${words} (${code})`
}
