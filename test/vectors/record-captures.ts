/**
 * Records the conversations in captures/ against an installed wireguard-go. Needs root, wireguard-go, wg and ip;
 * makes a namespace of its own, so that nothing of the host is used:
 *
 *   unshare --net --mount sh -c 'mount -t tmpfs none /run/wireguard && node test/vectors/record-captures.ts'
 *
 *   this process 127.0.0.1:51872  <── UDP on lo ──>  127.0.0.1:51871 wireguard-go ── capture0 10.9.0.1
 */
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CaptureSubject, OURS, privateKeyOf, publicKeyOf, THEIR_ENDPOINT, THEIRS } from './capture.ts'
import type { Capture, CaptureEvent } from './capture.ts'

const LINK = 'capture0'
const OUR_PORT = 51_872
const COOKIE_REPLY = 3
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

async function main(): Promise<void> {
  run('ip', 'link', 'set', 'lo', 'up')
  const device = spawn('wireguard-go', ['-f', LINK], { stdio: 'ignore' })
  try {
    await pause(500)
    run('ip', 'address', 'add', `${THEIRS}/24`, 'dev', LINK)
    run('ip', 'link', 'set', LINK, 'up')
    const none = Buffer.alloc(32).toString('base64')
    await record({ name: 'wireguard-go-responds', presharedKey: PRESHARED }, weInitiate)
    await record({ name: 'wireguard-go-initiates', presharedKey: PRESHARED }, theyInitiate)
    await record({ name: 'wireguard-go-under-load', presharedKey: none }, underLoad)
    await record({ name: 'wireguard-go-asked', presharedKey: none, underLoadAbove: 0 }, askThem)
  } finally {
    device.kill()
  }
}

async function weInitiate(scene: Scene): Promise<void> {
  for (const id of [1, 2, 3]) {
    act(scene, 'send', echoRequest(id, id * 300))
    await pause(100)
  }
}

async function theyInitiate(scene: Scene): Promise<void> {
  sendFromTheirs('first, and it waits for the handshake')
  await pause(200)
  sendFromTheirs('second')
  await pause(100)
  act(scene, 'send', echoRequest(9, 40))
  await pause(100)
}

/**
 * A flood of one initiation fills its handshake queue, and it asks for a cookie; our second initiation, in a
 * second flood, carries MAC2 and is answered. Of its many replies to the flood only the first cookie is recorded.
 */
async function underLoad(scene: Scene): Promise<void> {
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
  await pause(400)
  scene.listensTo = (type) => type !== COOKIE_REPLY || scene.events.length === 3
  act(scene, 'advance', new Uint8Array(0))
  await pause(200)
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

async function record(spec: Spec, play: (scene: Scene) => Promise<void>): Promise<void> {
  const settings = [`private_key=${hexOf(privateKeyOf('theirs'))}`, `listen_port=${THEIR_ENDPOINT.port}`]
  configure([
    ...settings,
    'replace_peers=true',
    `public_key=${hexOf(publicKeyOf('ours'))}`,
    `preshared_key=${hexOf(spec.presharedKey)}`,
    `endpoint=127.0.0.1:${OUR_PORT}`,
    `allowed_ip=${OURS}/32`,
  ])
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
  const version = run('dpkg-query', '-W', '-f', '${Version}', 'wireguard-go')
  const source = `wireguard-go, Debian package ${version}, recorded by record-captures.ts with test keys`
  const capture: Capture = { source, ...about, events: scene.events }
  writeFileSync(
    new URL(`captures/${spec.name}.json`, import.meta.url),
    `${JSON.stringify(capture, undefined, 1)}\n`,
  )
  console.log(spec.name, scene.events.map((event) => event.does).join(' '))
}

function act(scene: Scene, does: CaptureEvent['does'], bytes: Uint8Array): void {
  const event = scene.subject.do(Math.round(performance.now() - scene.startedAt), does, bytes)
  scene.events.push(event)
  for (const datagram of event.sent) {
    scene.socket.send(Buffer.from(datagram, 'hex'), THEIR_ENDPOINT.port, THEIR_ENDPOINT.address)
  }
}

function configure(lines: readonly string[]): void {
  const text = JSON.stringify(`set=1\n${lines.join('\n')}\n\n`)
  const script = `const s = require('node:net').connect('/var/run/wireguard/${LINK}.sock'); s.end(${text}); s.resume()`
  run('node', '-e', script)
}

const hexOf = (key: string): string => Buffer.from(key, 'base64').toString('hex')

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
