/**
 * The kernel's end of a connection, as a process inside its host:
 *
 *   kernel-talker.ts listen|connect ADDRESS PORT MANNER [BYTES [COUNT]]
 *
 *   exchange       sends BYTES and ends, while it reads all and compares
 *   read-first     reads to the end, then sends BYTES and ends
 *   stall          reads nothing until SIGUSR2, then all; sends nothing
 *   reset          resets once BYTES have arrived
 *   hold           does nothing until the other end ends, then ends; SIGUSR2 resets
 *   urgent         as exchange, the last byte but one of what it sends is urgent
 *
 * A line of JSON for each event: listening, connected, closed with what was read and whether it was right. COUNT
 * connections, one after the other. The bytes of position n are those of test/tcpip/stack-host.ts, with these salts:
 */
import { connect, createServer, type Socket } from 'node:net'
import { processSymbols } from '../../src/linux/koffi-library.ts'
import { firstDifference, pattern } from '../tcpip/stack-host.ts'
import { KERNEL_SALT, OUR_SALT } from './talker-salts.ts'

const MSG_OOB = 1
const [mode, address = '', port = '0', manner = 'exchange', bytes = '0', count = '1'] = process.argv.slice(2)

const say = (event: Record<string, unknown>): void => console.log(JSON.stringify(event))
const onLine: (() => void)[] = []
// A socket that is not being read keeps no process alive.
const alive = setInterval(() => {}, 60_000)
process.on('SIGUSR2', () => onLine.splice(0).forEach((run) => run()))

if (mode === 'listen') {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => talk(socket))
  server.listen(Number(port), address, () => say({ event: 'listening' }))
} else {
  callAgain(Number(count))
}

function callAgain(left: number): void {
  if (left === 0) {
    clearInterval(alive)
    return
  }
  const socket = connect({ host: address, port: Number(port), allowHalfOpen: true })
  socket.on('connect', () => talk(socket))
  socket.on('close', () => callAgain(left - 1))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (socket.connecting || !socket.remoteAddress) say({ event: 'refused', code: error.code })
  })
}

function talk(socket: Socket): void {
  let [read, wrong, code] = [0, -1, '']
  // Before a listener for data is there, which would start the flow.
  socket.pause()
  say({ event: 'connected' })
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? ''))
  socket.on('close', () => say({ event: 'closed', read, wrong, code }))
  socket.on('data', (chunk: Buffer) => {
    const difference = firstDifference(chunk, read, OUR_SALT)
    if (difference >= 0 && wrong < 0) wrong = read + difference
    read += chunk.length
    if (manner === 'reset' && read >= Number(bytes)) socket.resetAndDestroy()
  })
  if (manner === 'stall') onLine.push(() => socket.resume())
  else socket.resume()
  if (manner === 'exchange') send(socket)
  if (manner === 'urgent') sendUrgently(socket)
  socket.on('end', () => {
    if (manner === 'read-first') send(socket)
    else if (manner !== 'exchange' && manner !== 'urgent') socket.end()
  })
  if (manner === 'hold') onLine.push(() => socket.resetAndDestroy())
}

function send(socket: Socket, from = 0): void {
  let sent = from
  const more = (): void => {
    while (sent < Number(bytes)) {
      const piece = pattern(sent, Math.min(65_536, Number(bytes) - sent), KERNEL_SALT)
      sent += piece.length
      if (!socket.write(piece)) {
        socket.once('drain', more)
        return
      }
    }
    socket.end()
  }
  more()
}

function sendUrgently(socket: Socket): void {
  const all = pattern(0, Number(bytes), KERNEL_SALT)
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle
  const sendTo = processSymbols().func('intptr_t send(int fd, void *bytes, size_t length, int flags)')
  socket.write(all.subarray(0, -2), () => {
    sendTo(fd, Buffer.from(all.subarray(-2, -1)), 1, MSG_OOB)
    socket.end(all.subarray(-1))
  })
}
