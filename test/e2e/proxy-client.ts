/**
 * Clients that curl is not, to be run inside a host: `proxy-client.ts tcp|udp|upgrade HOST PORT TEXT` sends TEXT, prints
 * what comes back, and ends. `upgrade` asks for another protocol first (RFC 9110 §7.8) and prints the status, too.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'

const [how = '', host = '', port = '0', text = ''] = process.argv.slice(2)

if (how === 'udp') {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  socket.send(text, Number(port), host)
  const [message] = (await once(socket, 'message')) as [Buffer]
  console.log(message.toString())
  socket.close()
} else {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true })
  await once(socket, 'connect')
  let got = ''
  socket.on('data', (part: Buffer) => (got += part.toString('latin1')))
  if (how === 'upgrade') {
    socket.write(`GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
    while (!got.includes('\r\n\r\n')) await once(socket, 'data')
    console.log(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1])
    got = got.slice(got.indexOf('\r\n\r\n') + 4)
  }
  // What arrives after our end shows that the other direction goes on.
  socket.end(text)
  await once(socket, 'end')
  console.log(got)
}
