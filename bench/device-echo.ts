/**
 * Round trips of 64 bytes over UDP with blocking system calls, so that little of the figure is the program's own:
 *
 *   node bench/device-echo.ts serve                      answers on port 7
 *   node bench/device-echo.ts ask ADDRESS COUNT          prints {"perSecond":…,"p50Us":…,"p99Us":…}
 */
import { AF_INET, check, encodeSocketAddress, loadSyscalls, SOCK_DGRAM } from '../src/linux/index.ts'

const BYTES = 64
const WARM_UP = 2000
const SO_RCVTIMEO = 20
const SOL_SOCKET = 1

const [verb, address = '', count = '0'] = process.argv.slice(2)
const sys = loadSyscalls()
const fd = check(sys.socket(AF_INET, SOCK_DGRAM, 0), 'open a socket')
if (verb === 'serve') serve()
else console.log(JSON.stringify(ask(Number(count))))

function serve(): never {
  check(sys.bind(fd, encodeSocketAddress({ address: '0.0.0.0', port: 7 })), 'bind')
  const buffer = new Uint8Array(2048)
  const from = { bytes: new Uint8Array(28), length: new Int32Array(1) }
  process.stdout.write('ready\n')
  for (;;) {
    from.length[0] = 28
    const length = sys.recvfrom(fd, buffer, 0, from)
    if (length > 0) sys.sendto(fd, buffer.subarray(0, length), 0, from.bytes.subarray(0, 16))
  }
}

function ask(trips: number): { perSecond: number; p50Us: number; p99Us: number } {
  check(sys.connect(fd, encodeSocketAddress({ address, port: 7 })), 'connect')
  // One second: a lost datagram must not hang the benchmark.
  sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(BigInt64Array.of(1n, 0n).buffer))
  const buffer = new Uint8Array(BYTES)
  const took = new Float64Array(trips)
  let started = 0
  for (let trip = -WARM_UP; trip < trips; trip++) {
    if (trip === 0) started = performance.now()
    const before = performance.now()
    sys.send(fd, buffer, 0)
    sys.recv(fd, buffer, 0)
    if (trip >= 0) took[trip] = (performance.now() - before) * 1000
  }
  const seconds = (performance.now() - started) / 1000
  took.sort()
  const at = (share: number) => took[Math.floor(trips * share)] ?? Number.NaN
  return { perSecond: trips / seconds, p50Us: at(0.5), p99Us: at(0.99) }
}
