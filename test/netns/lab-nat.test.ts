/**
 * The lab's routers measured as RFC 4787 §4.1 and §5 define their behaviour (the tests of RFC 5780 §4.3 and §4.4):
 *
 *   inside ── lan │ router │ wan ── backbone ── near (two ports)
 *                                          └── far
 *
 * Inside sends from one port to near:7001, near:7002 and far:7001; the outside ports they see are the mapping. Then,
 * having sent to near:7001 alone, whether near:7002 and far:7001 may answer is the filtering.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Lab, layOut, type Machine, type NatDependence, USUAL_NAT } from '../../src/lab/index.ts'
import {
  AF_INET,
  check,
  decodeSocketAddress,
  encodeSocketAddress,
  loadSyscalls,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from '../../src/linux/index.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const sys = needsMet() ? loadSyscalls() : undefined
const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
]
const ENDPOINT_PORTS = [7001, 7002]
/** Long enough for what comes on a busy machine; short for what is not to come. */
const PATIENCE_MS = patiently(5000)
const SILENCE_MS = patiently(250)

function options(): { skip?: string; timeout: number } {
  return {
    ...needs({ root: true, kernel: ['veth', 'bridge', 'nftables'], tools: ['unshare'] }),
    timeout: patiently(60_000),
  }
}

function needsMet(): boolean {
  return options().skip === undefined
}

interface Scene {
  readonly inside: Machine
  readonly near: Machine
  readonly far: Machine
}

async function openScene(
  t: TestContext,
  nat: { mapping: NatDependence; filtering: NatDependence },
): Promise<Scene> {
  const server = (name: string) => ({
    name,
    site: undefined,
    endpoints: ENDPOINT_PORTS.map((port) => ({ host: `${name}.example.net`, port, listenPort: port })),
    localEndpoints: [],
    listenPorts: ENDPOINT_PORTS,
    networksBehind: [],
  })
  const inside = { ...server('inside'), site: 'home', endpoints: [], listenPorts: [5000] }
  const topology = layOut([inside, server('near'), server('far')], { nats: new Map([['home', nat]]) })
  const lab = await Lab.open(sys ?? loadSyscalls(), topology)
  t.after(() => lab.close())
  return { inside: lab.machine('inside'), near: lab.machine('near'), far: lab.machine('far') }
}

/** A UDP socket of one machine, used synchronously. */
class Endpoint {
  readonly #machine: Machine
  readonly #fd: number

  constructor(t: TestContext, machine: Machine, port: number) {
    this.#machine = machine
    this.#fd = machine.inside(() => {
      const fd = check(machine.sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'open a socket')
      check(machine.sys.bind(fd, encodeSocketAddress({ address: this.address, port })), 'bind it')
      return fd
    })
    t.after(() => machine.sys.close(this.#fd))
  }

  get address(): string {
    return this.#machine.spec.cables[0]?.addresses[0]?.split('/')[0] ?? ''
  }

  send(to: { address: string; port: number }): void {
    check(this.#machine.sys.sendto(this.#fd, Uint8Array.of(1), 0, encodeSocketAddress(to)), 'send')
  }

  /** Where the next datagram came from; undefined when none comes. */
  receive(patienceMs = PATIENCE_MS): { address: string; port: number } | undefined {
    const waiting = new Uint8Array(8)
    new DataView(waiting.buffer).setInt32(0, this.#fd, true)
    waiting[4] = POLLIN
    if (this.#machine.sys.poll(waiting, patienceMs) <= 0) return undefined
    const from = { bytes: new Uint8Array(16), length: Int32Array.of(16) }
    check(this.#machine.sys.recvfrom(this.#fd, new Uint8Array(16), 0, from), 'receive')
    return decodeSocketAddress(from.bytes)
  }
}

function portsSeen(t: TestContext, { inside, near, far }: Scene): (number | undefined)[] {
  const caller = new Endpoint(t, inside, 5000)
  return [new Endpoint(t, near, 7001), new Endpoint(t, near, 7002), new Endpoint(t, far, 7001)].map(
    (callee, index) => {
      caller.send({ address: callee.address, port: index === 1 ? 7002 : 7001 })
      return callee.receive()?.port
    },
  )
}

for (const mapping of DEPENDENCES) {
  test(`a router with ${mapping} mapping maps so`, options(), async (t) => {
    const scene = await openScene(t, { mapping, filtering: 'address-and-port-dependent' })
    const [first, otherPort, otherAddress] = portsSeen(t, scene)
    assert.ok(
      first !== undefined && otherPort !== undefined && otherAddress !== undefined,
      'all of them arrive',
    )
    const seen = { otherPort: otherPort === first, otherAddress: otherAddress === first }
    assert.deepEqual(seen, {
      otherPort: mapping !== 'address-and-port-dependent',
      otherAddress: mapping === 'endpoint-independent',
    })
  })
}

for (const mapping of DEPENDENCES) {
  for (const filtering of DEPENDENCES) {
    test(`a router with ${mapping} mapping and ${filtering} filtering filters so`, options(), async (t) => {
      const { inside, near, far } = await openScene(t, { mapping, filtering })
      const caller = new Endpoint(t, inside, 5000)
      const called = new Endpoint(t, near, 7001)
      const [otherPort, otherAddress] = [new Endpoint(t, near, 7002), new Endpoint(t, far, 7001)]
      caller.send({ address: called.address, port: 7001 })
      const outside = called.receive()
      assert.ok(outside)
      const getsIn = (from: Endpoint, wanted: boolean): boolean => {
        from.send(outside)
        return caller.receive(wanted ? PATIENCE_MS : SILENCE_MS) !== undefined
      }
      assert.equal(getsIn(called, true), true, 'the one that was called')
      const otherPortMay = filtering !== 'address-and-port-dependent'
      assert.equal(getsIn(otherPort, otherPortMay), otherPortMay, 'another port of its address')
      const anybodyMay = filtering === 'endpoint-independent'
      assert.equal(getsIn(otherAddress, anybodyMay), anybodyMay, 'another address')
    })
  }
}

test(
  'two machines of a home that call from the same port get different ones outside',
  options(),
  async (t) => {
    const lan = (name: string) => ({
      name,
      site: 'home',
      endpoints: [],
      localEndpoints: [],
      listenPorts: [],
      networksBehind: [],
    })
    const hub = {
      ...lan('hub'),
      site: undefined,
      endpoints: [{ host: 'hub.example.net', port: 7001, listenPort: 7001 }],
    }
    const lab = await Lab.open(sys ?? loadSyscalls(), layOut([lan('one'), lan('two'), hub]))
    t.after(() => lab.close())
    assert.equal(lab.machine('router-home').spec.nat?.mapping, USUAL_NAT.mapping)
    const callee = new Endpoint(t, lab.machine('hub'), 7001)
    const ports = ['one', 'two'].map((name) => {
      const caller = new Endpoint(t, lab.machine(name), 51_820)
      caller.send({ address: callee.address, port: 7001 })
      return callee.receive()?.port
    })
    assert.equal(ports[0], 51_820, 'a free port is kept')
    assert.ok(ports[1] !== undefined && ports[1] !== 51_820)
  },
)
