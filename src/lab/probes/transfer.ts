/**
 * A TCP transfer between two machines: bytes one way, their SHA-256 the other. The sockets are made inside the
 * machines' namespaces and then handed to Node, so no process is needed on either machine.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, Socket } from 'node:net'
import {
  AF_INET,
  AF_INET6,
  check,
  decodeSocketAddress,
  encodeSocketAddress,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../linux/index.ts'
import { patiently } from '../patience.ts'
import type { Machine } from '../runtime/machine.ts'
import { familyOf } from './echo.ts'

/** Room for `struct sockaddr_in6`. */
const ADDRESS_BYTES = 28

export interface Listener {
  readonly port: number
  readonly server: Server
}

/** Listens in a machine, on an address it has; any free port. */
export async function listenIn(machine: Machine, address: string): Promise<Listener> {
  const { fd, port } = machine.inside(() => {
    const socket = streamSocket(machine, address)
    machine.sys.setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, 1)
    const where = `${address} on ${machine.name}`
    check(machine.sys.bind(socket, encodeSocketAddress({ address, port: 0 })), `bind ${where}`)
    check(machine.sys.listen(socket, 128), `listen on ${where}`)
    return { fd: socket, port: boundPort(machine, socket) }
  })
  const server = createServer()
  server.listen({ fd })
  await once(server, 'listening')
  return { port, server }
}

/** Connects from a machine. Rejects when refused, unreachable, or not there in time. */
export async function connectFrom(
  machine: Machine,
  to: { address: string; port: number },
  timeoutMs: number,
): Promise<Socket> {
  const socket = machine.inside(() => {
    const opened = new Socket({ fd: streamSocket(machine, to.address) })
    return opened.connect({ host: to.address, port: to.port })
  })
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), patiently(timeoutMs))
  try {
    await once(socket, 'connect')
    return socket
  } finally {
    clearTimeout(timer)
  }
}

export interface TransferRequest {
  readonly from: Machine
  readonly to: Machine
  readonly address: string
  readonly bytes: number
  readonly timeoutMs: number
}

/** Whether every byte arrived as it was sent. */
export async function transfer(request: TransferRequest): Promise<boolean> {
  let listener: Listener | undefined
  try {
    listener = await listenIn(request.to, request.address)
    answerWithDigest(listener.server, request.bytes)
    return await sendAndCompare(request, listener.port)
  } catch {
    // Refused, unreachable, cut off: not transferred. Which of them makes no difference to who asks.
    return false
  } finally {
    listener?.server.close()
  }
}

function answerWithDigest(server: Server, bytes: number): void {
  server.on('connection', (socket) => {
    const hash = createHash('sha256')
    let received = 0
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      hash.update(chunk)
      received += chunk.length
      if (received === bytes) socket.end(hash.digest())
    })
  })
}

async function sendAndCompare(request: TransferRequest, port: number): Promise<boolean> {
  const { from, address, bytes, timeoutMs } = request
  const socket = await connectFrom(from, { address, port }, timeoutMs)
  const timer = setTimeout(() => socket.destroy(new Error('the transfer stalled')), patiently(timeoutMs))
  try {
    const content = randomBytes(bytes)
    socket.write(content)
    const answer: Buffer[] = []
    for await (const chunk of socket) answer.push(chunk as Buffer)
    return Buffer.concat(answer).equals(createHash('sha256').update(content).digest())
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function streamSocket(machine: Machine, address: string): number {
  const domain = familyOf(address) === 4 ? AF_INET : AF_INET6
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
  return check(machine.sys.socket(domain, type, 0), `open a TCP socket on ${machine.name}`)
}

function boundPort(machine: Machine, socket: number): number {
  const bytes = new Uint8Array(ADDRESS_BYTES)
  check(
    machine.sys.getsockname(socket, { bytes, length: Int32Array.of(ADDRESS_BYTES) }),
    'read the bound port',
  )
  return decodeSocketAddress(bytes)?.port ?? 0
}
