/**
 * A program that a test starts in a host: a UDP socket of the kernel that says what happens, one JSON object a line.
 *
 *   kernel-datagrams.ts echo ADDRESS PORT           sends back what comes
 *   kernel-datagrams.ts ask ADDRESS PORT BYTES …    sends so many bytes, says what comes back or what error
 */
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

const [role, address = '', port = '', ...sizes] = process.argv.slice(2)
const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`)

/** Bytes that say where they belong. */
const pattern = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff))

if (role === 'echo') {
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
  socket.bind(Number(port), address, () => say({ event: 'ready' }))
} else {
  socket.on('error', (error) => say({ event: 'error', code: 'code' in error ? error.code : String(error) }))
  socket.on('message', (bytes) => {
    say({ event: 'answer', bytes: bytes.length, isWhole: bytes.equals(pattern(bytes.length)) })
  })
  // Connected: only then does the kernel tell ICMP errors.
  socket.connect(Number(port), address, () => {
    for (const size of sizes) socket.send(pattern(Number(size)))
  })
}
