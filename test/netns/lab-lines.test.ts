/** Lines of a lab: neighbours and the world by ping and TCP, packets that get lost, delays that cannot be made. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { echo, Lab, type LabNode, LabRefusal, layOut, setLineQuality, transfer } from '../../src/lab/index.ts'
import { loadSyscalls } from '../../src/linux/index.ts'
import { hasKernelFeature } from '../harness/kernel-features.ts'
import { patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'

const options = {
  ...needs({ root: true, kernel: ['veth', 'bridge', 'nftables'], tools: ['unshare'] }),
  timeout: patiently(60_000),
}
const node = (name: string, site?: string): LabNode => ({
  name,
  site,
  endpoints: site === undefined ? [{ host: `${name}.example.net`, port: 51820, listenPort: 51820 }] : [],
  localEndpoints: [],
  listenPorts: [51820],
  networksBehind: [],
})

async function open(t: TestContext, loss = 0): Promise<Lab> {
  const lab = await Lab.open(loadSyscalls(), layOut([node('hub'), node('laptop', 'home')], { loss }))
  t.after(() => lab.close())
  return lab
}

test('a machine behind NAT reaches the stranger by ping and TCP, and is not reached', options, async (t) => {
  const lab = await open(t)
  const [laptop, stranger] = [lab.machine('laptop'), lab.machine('stranger')]
  const [out, inward] = await echo(
    lab.sys,
    [
      { from: laptop, to: '198.51.100.66' },
      { from: stranger, to: '198.51.100.10' },
    ],
    { timeoutMs: 1000 },
  )
  assert.ok(out !== undefined)
  assert.equal(inward, undefined)
  const request = { from: laptop, to: stranger, address: '198.51.100.66', bytes: 1 << 20, timeoutMs: 10_000 }
  assert.equal(await transfer(request), true)
})

test('a hub drops what is not for its port', options, async (t) => {
  const lab = await open(t)
  const [hub, stranger] = [lab.machine('hub'), lab.machine('stranger')]
  const request = { from: stranger, to: hub, address: '203.0.113.10', bytes: 1, timeoutMs: 500 }
  assert.equal(await transfer(request), false)
  const other = { from: hub, to: stranger, address: '2001:db8:2::66', bytes: 1 << 16, timeoutMs: 5000 }
  assert.equal(await transfer(other), true, 'but it may call itself, over IPv6 too')
})

test('a lossy line loses some packets and lets some through', options, async (t) => {
  const lab = await open(t, 0.5)
  const pings = Array.from({ length: 200 }, () => ({ from: lab.machine('stranger'), to: '198.51.100.1' }))
  assert.ok(
    (await echo(lab.sys, pings, { timeoutMs: 5000 })).every((ms) => ms !== undefined),
    'this one is clean',
  )
  const lossy = pings.map(() => ({ from: lab.machine('laptop'), to: '198.51.100.66' }))
  const answered = await echo(lab.sys, lossy, { timeoutMs: 2000, intervalMs: 60_000 })
  const count = answered.filter((ms) => ms !== undefined).length
  assert.ok(count > 40 && count < 160, `${count} of 200 came back`)
})

test('a rate is set where the kernel has tbf, and the line still carries', options, async (t) => {
  const lab = await open(t)
  setLineQuality(lab.machine('laptop'), 'eth0', { rateBitsPerSecond: 50e6 })
  const [laptop, stranger] = [lab.machine('laptop'), lab.machine('stranger')]
  const request = { from: laptop, to: stranger, address: '198.51.100.66', bytes: 1 << 20, timeoutMs: 20_000 }
  assert.equal(await transfer(request), true)
})

test('a delay is made with netem or refused with that reason', options, async (t) => {
  const lab = await open(t)
  const delay = (): void => setLineQuality(lab.machine('laptop'), 'eth0', { delayMs: 30 })
  if (!hasKernelFeature('netem')) {
    assert.throws(
      delay,
      (error) => error instanceof LabRefusal && /no netem \(sch_netem\)/.test(error.message),
    )
    return
  }
  delay()
  const [ms] = await echo(lab.sys, [{ from: lab.machine('laptop'), to: '198.51.100.66' }], {
    timeoutMs: 5000,
  })
  assert.ok(ms !== undefined && ms >= 30)
})
