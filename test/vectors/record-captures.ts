/**
 * Records the conversations in captures/ with another implementation. Needs root, wg and ip; makes no namespace of
 * its own, so give it one, or a machine (record-kernel-captures.ts does):
 *
 *   unshare --net --mount sh -c 'mount -t tmpfs none /run/wireguard &&
 *     node test/vectors/record-captures.ts wireguard-go test/vectors/captures'
 *
 *   this process 127.0.0.1:51872  <── UDP on lo ──>  127.0.0.1:51871  the other ── capture0 10.9.0.1
 */
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CaptureSubject, OURS, privateKeyOf, publicKeyOf, THEIR_ENDPOINT, THEIRS } from './capture.ts'
import type { Capture, CaptureEvent } from './capture.ts'

const LINK = 'capture0'
const OUR_PORT = 51_872
const COOKIE_REPLY = 3
const NO_KEY = Buffer.alloc(32).toString('base64')
const PRESHARED = Buffer.alloc(32, 0x5a).toString('base64')

interface Scene {
  readonly about: Omit<Capture, 'source' | 'events'>
  readonly subject: CaptureSubject
  readonly socket: Socket
  readonly events: CaptureEvent[]
  readonly startedAt: number
  /** Which types of datagrams are taken in and recorded. */
  listensTo: (type: number) => boolean
}

const run = (command: string, ...rest: string[]): string => execFileSync(command, rest, { encoding: 'utf8' })

/** Who is recorded: how its interface comes to be, and what it is called in the record. */
interface Other {
  readonly name: string
  readonly version: string
  /** An emulated machine takes its time. */
  readonly slowness: number
  readonly open: () => Promise<() => void>
}

const OTHERS: Readonly<Record<string, () => Other>> = {
  'wireguard-go': () => ({
    name: 'wireguard-go',
    version: `wireguard-go, Debian package ${run('dpkg-query', '-W', '-f', '${Version}', 'wireguard-go')}`,
    slowness: 1,
    open: async () => {
      const device = spawn('wireguard-go', ['-f', LINK], { stdio: 'ignore' })
      await pause(500)
      return () => device.kill()
    },
  }),
  kernel: () => ({
    name: 'kernel',
    version: `WireGuard of Linux ${run('uname', '-r').trim()}`,
    slowness: 15,
    open: async () => {
      run('modprobe', 'wireguard')
      run('ip', 'link', 'add', LINK, 'type', 'wireguard')
      return () => run('ip', 'link', 'delete', LINK)
    },
  }),
}

async function main(): Promise<void> {
  const [name = '', folder = '.'] = process.argv.slice(2)
  const other = OTHERS[name]?.()
  if (!other) throw new Error(`record whom? ${Object.keys(OTHERS).join(' or ')}`)
  const wait: Wait = (ms) => pause(ms * other.slowness)
  run('ip', 'link', 'set', 'lo', 'up')
  const close = await other.open()
  try {
    run('ip', 'address', 'add', `${THEIRS}/24`, 'dev', LINK)
    run('ip', 'link', 'set', LINK, 'up')
    for (const [suffix, { play, ...spec }] of Object.entries(SCENES)) {
      const capture = await record({ ...spec, name: `${name}-${suffix}` }, (scene) => play(scene, wait))
      const source = `${other.version}, recorded by record-captures.ts with test keys`
      const text = JSON.stringify({ source, ...capture }, undefined, 1)
      writeFileSync(join(folder, `${capture.name}.json`), `${text}\n`)
      console.log(capture.name, capture.events.map((event) => event.does).join(' '))
    }
  } finally {
    close()
  }
}

type Wait = (ms: number) => Promise<void>
type Play = (scene: Scene, wait: Wait) => Promise<void>

const SCENES: Readonly<Record<string, Omit<Spec, 'name'> & { readonly play: Play }>> = {
  responds: { presharedKey: PRESHARED, play: weInitiate },
  initiates: { presharedKey: PRESHARED, play: theyInitiate },
  'under-load': { presharedKey: NO_KEY, play: underLoad },
  asked: { presharedKey: NO_KEY, underLoadAbove: 0, play: askThem },
}

async function weInitiate(scene: Scene, wait: Wait): Promise<void> {
  for (const id of [1, 2, 3]) {
    act(scene, 'send', echoRequest(id, id * 300))
    await wait(100)
  }
}

async function theyInitiate(scene: Scene, wait: Wait): Promise<void> {
  sendFromTheirs('first, and it waits for the handshake')
  await wait(200)
  sendFromTheirs('second')
  await wait(100)
  act(scene, 'send', echoRequest(9, 40))
  await wait(100)
}

/**
 * A flood of one initiation fills its handshake queue, and it asks for a cookie; our second initiation, in a
 * second flood, carries MAC2 and is answered. Of its many replies to the flood only the first cookie is recorded.
 */
async function underLoad(scene: Scene, wait: Wait): Promise<void> {
  scene.listensTo = (type) => type === COOKIE_REPLY && scene.events.length === 1
  act(scene, 'send', echoRequest(1, 40))
  const first = Buffer.from(scene.events[0]!.sent[0]!, 'hex')
  const flood = (): void => {
    for (let copy = 0; copy < 4_000; copy += 1) {
      scene.socket.send(first, THEIR_ENDPOINT.port, THEIR_ENDPOINT.address)
    }
  }
  flood()
  await pause(5_400)
  flood()
  await wait(400)
  scene.listensTo = (type) => type !== COOKIE_REPLY || scene.events.length === 3
  act(scene, 'advance', new Uint8Array(0))
  await wait(200)
}

/** We are under load: the first initiation gets a cookie, and the second, 5 seconds later, has its MAC2. */
async function askThem(): Promise<void> {
  sendFromTheirs('twice asked')
  await pause(6_500)
}

/** The namespace is theirs: what this process sends to our inner address goes into their interface. */
function sendFromTheirs(text: string): void {
  const socket = createSocket('udp4')
  socket.send(text, 9, OURS, () => socket.close())
}

type Spec = Omit<Capture, 'source' | 'events' | 'wallClockMs'>

async function record(spec: Spec, play: (scene: Scene) => Promise<void>): Promise<Omit<Capture, 'source'>> {
  const lines = [
    ...['[Interface]', `PrivateKey = ${privateKeyOf('theirs')}`, `ListenPort = ${THEIR_ENDPOINT.port}`],
    ...['[Peer]', `PublicKey = ${publicKeyOf('ours')}`, `PresharedKey = ${spec.presharedKey}`],
    ...[`Endpoint = 127.0.0.1:${OUR_PORT}`, `AllowedIPs = ${OURS}/32`],
  ]
  const file = join(mkdtempSync(join(tmpdir(), 'warren-capture-')), 'test-keys.conf')
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  run('wg', 'setconf', LINK, file)
  rmSync(dirname(file), { recursive: true })
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(OUR_PORT, '127.0.0.1', resolve))
  const about = { ...spec, wallClockMs: Date.now() }
  const scene: Scene = {
    ...{ about, socket, events: [], startedAt: performance.now() },
    listensTo: () => true,
    subject: new CaptureSubject(about),
  }
  socket.on('message', (datagram) => {
    if (scene.listensTo(datagram[0]!)) act(scene, 'receive', datagram)
  })
  await play(scene)
  socket.close()
  return { ...about, events: scene.events }
}

function act(scene: Scene, does: CaptureEvent['does'], bytes: Uint8Array): void {
  const event = scene.subject.do(Math.round(performance.now() - scene.startedAt), does, bytes)
  scene.events.push(event)
  for (const datagram of event.sent) {
    scene.socket.send(Buffer.from(datagram, 'hex'), THEIR_ENDPOINT.port, THEIR_ENDPOINT.address)
  }
}

/** An ICMP echo request (RFC 792) that the other side's kernel answers. */
function echoRequest(id: number, payloadLength: number): Uint8Array {
  const packet = Buffer.alloc(28 + payloadLength, id)
  packet.writeUInt32BE(0x45000000 + packet.length, 0)
  packet.writeUInt32BE(0, 4)
  packet.writeUInt32BE(0x40010000, 8)
  packet.set(OURS.split('.').map(Number), 12)
  packet.set(THEIRS.split('.').map(Number), 16)
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10)
  packet.writeUInt32BE(0x08000000, 20)
  packet.writeUInt32BE((0x1234 << 16) | id, 24)
  packet.writeUInt16BE(checksum(packet.subarray(20)), 22)
  return packet
}

function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}

await main()
