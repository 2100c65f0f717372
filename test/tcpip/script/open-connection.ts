/** Connections as a program opens them: by calling, and by listening. */
import type { TcpSettings, TcpStream } from '../../../src/protocols/tcpip/index.ts'
import type { ScriptWorld } from './script-world.ts'

export function connect(world: ScriptWorld, settings: Partial<TcpSettings> = {}): void {
  const { peer } = world
  const { ours, theirs, localPort, remotePort } = peer.address
  follow(
    world,
    world.host.stack.connect(
      { address: theirs, port: remotePort },
      { localAddress: ours, localPort, settings },
    ),
  )
}

export function listen(world: ScriptWorld, words: readonly string[] = []): void {
  const backlog = words.find((word) => word.startsWith('backlog='))
  world.listener = world.host.stack.listen({
    port: world.peer.address.localPort,
    ...(backlog === undefined ? {} : { backlog: Number(backlog.split('=')[1]) }),
    settings: parseSettings(words.filter((word) => word.includes('=') && word !== backlog)),
    onConnection: (stream) => {
      world.accepted++
      follow(world, stream)
    },
  })
}

function follow(world: ScriptWorld, stream: TcpStream): void {
  const peer = world.peerOf(stream.remote.port, stream.remote.address)
  if (peer === undefined) return
  peer.stream = stream
  stream.onProgress = () => {
    peer.progressed++
    world.note(`- progress of ${peer.name}: ${stream.state}, ${stream.readableBytes} readable`)
  }
}

/** `noDelay=on userTimeoutMs=5000 congestionControl=newreno`. */
export function parseSettings(words: readonly string[]): Record<string, never> {
  const entries = words.map((word) => {
    const [name = '', value = ''] = word.split('=')
    return [
      name,
      value === 'on' ? true : value === 'off' ? false : /^\d+$/.test(value) ? Number(value) : value,
    ]
  })
  return Object.fromEntries(entries) as Record<string, never>
}
