/** A server of the DNS over UDP and TCP: `dns-server.ts ADDRESS PORT '{"name":["10.0.0.1"]}'`. Says each query it gets. */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { decodeMessage } from '../../src/protocols/dns/message.ts'
import { frameForTcp, TcpMessageReader } from '../../src/protocols/dns/index.ts'
import { answerDns, type Zone } from './dns-zone.ts'

const [address = '', port = '53', zoneText = '{}'] = process.argv.slice(2)
const zone = JSON.parse(zoneText) as Zone

const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
udp.on('message', (query, from) => {
  const answer = answered(query, false)
  if (answer !== undefined) udp.send(answer, from.port, from.address)
})
udp.bind(Number(port), address, () => {
  createServer((socket) => {
    const reader = new TcpMessageReader()
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        at += reader.push(bytes.subarray(at))
        const query = reader.take()
        const answer = query && answered(query, true)
        if (answer !== undefined) socket.write(frameForTcp(answer))
      }
    })
  }).listen(Number(port), address, () => console.log('listening'))
})

function answered(query: Uint8Array, overTcp: boolean): Buffer | undefined {
  console.log(`${overTcp ? 'tcp' : 'udp'} ${decodeMessage(query)?.questions[0]?.name}`)
  return answerDns(zone, query, { overTcp })
}
