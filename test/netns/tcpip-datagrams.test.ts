/**
 * Our IP, ICMP and UDP against the kernel's, over a TUN link: echoes both ways, fragments both ways, closed ports both
 * ways, and packets that only a raw socket sends. Topology: test/harness/tun-stack.ts.
 */
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test, type TestContext } from 'node:test'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { KERNEL, OURS, TunStack } from '../harness/tun-stack.ts'

const options = {
  ...needs({ root: true, kernel: ['tun'], tools: ['ip', 'nsenter', 'ping'] }),
  timeout: patiently(60_000),
}
const PROGRAM = fileURLToPath(new URL('../harness/kernel-datagrams.ts', import.meta.url))
const families = [4, 6] as const

interface Said {
  readonly event: string
  readonly bytes?: number
  readonly isWhole?: boolean
  readonly code?: string
}

/** What a process of kernel-datagrams.ts says, as it comes. */
function kernelDatagrams(world: TunStack, ...args: readonly (string | number)[]): Said[] {
  const said: Said[] = []
  const words = ['--disable-warning=ExperimentalWarning', PROGRAM, ...args.map(String)]
  const child = world.host.spawn(process.execPath, words)
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString()).split('\n')
    text = lines.pop() ?? ''
    said.push(...lines.map((line) => JSON.parse(line) as Said))
  })
  return said
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff)

async function pinged(world: TunStack, to: string, payloadBytes: number): Promise<number | undefined> {
  let reply: { roundTripMs: number | undefined } | undefined
  const onReply = (roundTripMs: number | undefined): void => void (reply = { roundTripMs })
  world.act((stack) => stack.ping(to, { timeoutMs: 10_000, payloadBytes, onReply }))
  await eventually(() => reply !== undefined, { what: `an answer of ${to} to ${payloadBytes} bytes` })
  return reply?.roundTripMs
}

test(
  'the kernel pings us and we ping the kernel, in one packet and in many fragments',
  options,
  async (t) => {
    const world = await TunStack.create(t)
    for (const family of families)
      for (const size of [0, 56, 1400, 1473, 8_000, 60_000]) {
        const answer = await world.host.exec(`ping -n -c 1 -W 5 -s ${size} ${OURS[family]}`)
        assert.match(answer, /1 received/)
        assert.notEqual(await pinged(world, KERNEL[family], size), undefined, `${KERNEL[family]} ${size}`)
      }
    assert.equal(world.stack.counters['dropped-malformed'], undefined)
    assert.equal(world.refusals, 0)
  },
)

for (const family of families) {
  test(`IPv${family}: what the kernel sends us over UDP comes back whole`, options, async (t) => {
    const world = await echoing(t)
    const sizes = [0, 1, 1_000, 1_473, 20_000, 65_000]
    const said = kernelDatagrams(world, 'ask', OURS[family], 7, ...sizes)
    await eventually(() => said.length === sizes.length, { what: 'all answers' })
    for (const one of said) assert.deepEqual([one.event, one.isWhole], ['answer', true])
    assert.deepEqual(
      said.map(({ bytes = -1 }) => bytes).toSorted((a, b) => a - b),
      sizes,
    )
  })

  test(
    `IPv${family}: what we send the kernel over UDP comes back whole, over a small MTU`,
    options,
    async (t) => {
      const world = await TunStack.create(t, { mtuBytes: 1280 })
      const said = kernelDatagrams(world, 'echo', KERNEL[family], 7)
      await eventually(() => said.length === 1, { what: 'the kernel listens' })
      const got: Uint8Array[] = []
      const socket = world.stack.openUdp({ onDatagram: (bytes) => got.push(bytes) })
      for (const size of [0, 1, 1_220, 1_300, 9_000, 65_000]) {
        world.act(() => assert.ok(socket.send(pattern(size), { address: KERNEL[family], port: 7 })))
        const answer = await eventually(() => got.pop(), { what: `${size} bytes come back` })
        assert.deepEqual(answer, pattern(size))
      }
    },
  )

  test(`IPv${family}: a closed port is refused, theirs to us and ours to them`, options, async (t) => {
    const world = await TunStack.create(t)
    const codes: string[] = []
    const socket = world.stack.openUdp({
      onError: (code, to) => codes.push(`${code} ${to.address} ${to.port}`),
    })
    world.act(() => socket.send(pattern(5), { address: KERNEL[family], port: 9 }))
    await eventually(() => codes.length > 0, { what: 'an error' })
    assert.deepEqual(codes, [`ECONNREFUSED ${KERNEL[family]} 9`])
    const said = kernelDatagrams(world, 'ask', OURS[family], 9, 5)
    await eventually(() => said.length > 0, { what: 'an error at the kernel' })
    assert.equal(said[0]?.code, 'ECONNREFUSED')
  })
}

test('the kernel’s statistics know of no packet of ours that was wrong', options, async (t) => {
  const world = await echoing(t)
  const said = [4, 6].map((family) =>
    kernelDatagrams(world, 'ask', OURS[family as 4 | 6], 7, 10, 5_000, 30_000),
  )
  await eventually(() => said.every(({ length }) => length === 3), { what: 'all answers' })
  for (const family of families) await world.host.exec(`ping -n -c 3 -i 0.2 -s 4000 ${OURS[family]}`)
  const statistics = await world.host.exec('cat /proc/net/snmp /proc/net/snmp6')
  const inet6 = Object.fromEntries(
    [...statistics.matchAll(/^(\w+6\w+)\s+(\d+)$/gm)].map(([, name, count]) => [name, count]),
  )
  for (const name of [
    'Ip6InHdrErrors',
    'Ip6InDiscards',
    'Ip6ReasmFails',
    'Udp6InErrors',
    'Udp6InCsumErrors',
    'Icmp6InErrors',
  ])
    assert.equal(inet6[name], '0', name)
  const inet = inetStatistics(statistics)
  for (const name of [
    'Ip.InHdrErrors',
    'Ip.ReasmFails',
    'Udp.InErrors',
    'Udp.InCsumErrors',
    'Icmp.InErrors',
    'Icmp.InCsumErrors',
  ])
    assert.equal(inet.get(name), '0', name)
  assert.notEqual(inet.get('Ip.ReasmOKs'), '0')
})

/** A stack that sends back what comes to port 7. */
async function echoing(t: TestContext): Promise<TunStack> {
  const world = await TunStack.create(t)
  const socket = world.stack.openUdp({
    localPort: 7,
    onDatagram: (bytes, from) => void socket.send(bytes, from),
  })
  return world
}

/** A line of names, and one of numbers below it. */
function inetStatistics(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => /^\w+: /.test(line))
  const all = new Map<string, string>()
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [head = '', ...names] = (lines[index] ?? '').split(' ')
    const [, ...numbers] = (lines[index + 1] ?? '').split(' ')
    for (const [column, name] of names.entries())
      all.set(`${head.slice(0, -1)}.${name}`, numbers[column] ?? '')
  }
  return all
}
