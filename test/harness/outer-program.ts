/**
 * Sends datagrams from a tunnel's native sockets until they are full, says `full`, and says `room` once they are not:
 * `outer-program.ts ADDRESS PORT`.
 */
import { openEngine } from '../../src/sockets/index.ts'
import { NativeOuter } from '../../src/tunnel/native-outer.ts'

const [address = '', port = '0'] = process.argv.slice(2)
const LENGTH = 1452

const engine = openEngine({ kind: 'native' })
const { reactor } = engine
if (reactor === undefined) throw new Error('no reactor')
const outer = new NativeOuter({ reactor, port: 0, after: (ms, run) => engine.after(ms, run) })
const to = outer.endpointOf(address, Number(port))
if (to === undefined) throw new Error('no socket of that family')

let sent = 0
let isFull = false
outer.start({
  datagram: () => {},
  received: () => {},
  room: () => {
    if (!isFull) throw new Error('room although it was not full')
    console.log(`room ${outer.place(LENGTH) >= 0}`)
    outer.close()
    engine.close()
  },
})
while (outer.place(LENGTH) >= 0) {
  outer.append(to, LENGTH)
  sent++
}
isFull = true
console.log(`full ${sent > 0} ${outer.counters.sendErrors}`)
