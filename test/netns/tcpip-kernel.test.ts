/**
 * Our TCP against the kernel's, both roles, over a TUN link. The kernel is the judge: bytes are compared at both ends,
 * and what it says of a connection's end must be what we meant. Topology: test/harness/tun-stack.ts.
 */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { TcpSettings } from '../../src/protocols/tcpip/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { KernelEnd } from '../harness/kernel-end.ts'
import { needs } from '../harness/needs.ts'
import { KERNEL_SALT, OUR_SALT } from '../harness/talker-salts.ts'
import { KERNEL, OURS, TunStack, type TunStackOptions } from '../harness/tun-stack.ts'
import { Talker, type TalkerOptions } from '../sim/tcpip-talker.ts'

const options = {
  ...needs({ root: true, kernel: ['tun'], tools: ['ip', 'nsenter'] }),
  timeout: patiently(90_000),
}
const PORT = 7000
const MEGABYTE = 1_000_000

type Manner = 'exchange' | 'read-first' | 'stall' | 'reset' | 'hold' | 'urgent'

interface Meeting {
  readonly world: TunStack
  readonly kernel: KernelEnd
  readonly talker: Talker
}

interface MeetingOptions {
  readonly role: 'we call' | 'the kernel calls'
  readonly manner: Manner
  readonly family?: 4 | 6
  readonly bytes?: number
  readonly kernelBytes?: number
  readonly talker?: Partial<TalkerOptions>
  readonly settings?: Partial<TcpSettings>
  readonly tun?: TunStackOptions
}

async function meet(t: TestContext, how: MeetingOptions): Promise<Meeting> {
  const { role, manner, family = 4, bytes = 0, kernelBytes = 0 } = how
  const world = await TunStack.create(t, how.tun)
  const talker = new Talker({ ...how.talker, bytes, salt: OUR_SALT, peerSalt: KERNEL_SALT })
  const settings = { ...how.settings }
  if (role === 'we call') {
    const kernel = await KernelEnd.listen(world.host, [KERNEL[family], PORT, manner, kernelBytes])
    world.act((stack) => talker.take(stack.connect({ address: KERNEL[family], port: PORT }, { settings })))
    return { world, kernel, talker }
  }
  world.act((stack) => stack.listen({ port: PORT, settings, onConnection: (stream) => talker.take(stream) }))
  const kernel = KernelEnd.connect(world.host, [OURS[family], PORT, manner, kernelBytes])
  return { world, kernel, talker }
}

/** Both said all that they had, and both ended well. */
async function assertWhole(
  { kernel, talker, world }: Meeting,
  bytes: number,
  kernelBytes: number,
): Promise<void> {
  assert.deepEqual(await kernel.saw('closed'), { event: 'closed', read: bytes, wrong: -1, code: '' })
  await eventually(() => talker.finished, { what: 'our end closes' })
  assert.equal(talker.stream?.failure, undefined)
  assert.deepEqual([talker.read, talker.written], [kernelBytes, bytes])
  assert.equal(world.refusals, 0, 'the kernel took every packet')
}

for (const role of ['we call', 'the kernel calls'] as const) {
  for (const family of [4, 6] as const) {
    test(`${role}, IPv${family}: megabytes both ways at once arrive whole`, options, async (t) => {
      const sizes = [8 * MEGABYTE, 8 * MEGABYTE] as const
      const meeting = await meet(t, {
        role,
        family,
        manner: 'exchange',
        bytes: sizes[0],
        kernelBytes: sizes[1],
      })
      await assertWhole(meeting, ...sizes)
    })
  }

  test(`${role}: our half close leaves the kernel's direction open`, options, async (t) => {
    const meeting = await meet(t, { role, manner: 'read-first', bytes: 100_000, kernelBytes: 300_000 })
    await assertWhole(meeting, 100_000, 300_000)
  })

  test(`${role}: the kernel's half close leaves our direction open`, options, async (t) => {
    const talker = { endsLast: true }
    const meeting = await meet(t, { role, manner: 'exchange', bytes: 300_000, kernelBytes: 1000, talker })
    await assertWhole(meeting, 300_000, 1000)
  })

  test(`${role}: a reset by the kernel is ECONNRESET`, options, async (t) => {
    const { talker } = await meet(t, { role, manner: 'reset', bytes: 4 * MEGABYTE, kernelBytes: 10_000 })
    await eventually(() => talker.finished, { what: 'our end closes' })
    assert.equal(talker.stream?.failure?.code, 'ECONNRESET')
  })

  test(`${role}: a reset by us is ECONNRESET at the kernel`, options, async (t) => {
    const { talker, kernel, world } = await meet(t, {
      role,
      manner: 'hold',
      bytes: 1000,
      talker: { endsLast: true },
    })
    await kernel.saw('connected')
    await eventually(() => talker.stream?.pendingBytes === 0 && talker.written === 1000, {
      what: 'all is acknowledged',
    })
    world.act(() => talker.stream?.destroy())
    const { read, wrong, code } = await kernel.saw('closed')
    assert.deepEqual({ read, wrong, code }, { read: 1000, wrong: -1, code: 'ECONNRESET' })
  })

  test(
    `${role}: a kernel that stops reading stops us, and all arrives when it goes on`,
    options,
    async (t) => {
      const bytes = 12 * MEGABYTE
      const meeting = await meet(t, { role, manner: 'stall', bytes })
      const { talker, kernel } = meeting
      await kernel.saw('connected')
      await eventually(() => talker.stream?.info().sendWindowBytes === 0, {
        what: 'the window closes',
        timeoutMs: 30_000,
      })
      assert.ok(talker.written < bytes, 'we could not write everything')
      kernel.poke()
      await assertWhole(meeting, bytes, 0)
    },
  )

  test(`${role}: we stop reading and the kernel stops, and all arrives when we go on`, options, async (t) => {
    const kernelBytes = 3 * MEGABYTE
    const tun = { limits: { connectionBufferBytes: 128 * 1024 } }
    const talker = { readsSlowly: true, readBytes: 50_000 }
    const meeting = await meet(t, { role, manner: 'exchange', kernelBytes, talker, tun })
    await eventually(() => meeting.talker.stream?.readableBytes === 128 * 1024, {
      what: 'our buffer is full',
    })
    const reading = setInterval(() => meeting.world.act(() => meeting.talker.wake()), 2)
    t.after(() => clearInterval(reading))
    await assertWhole(meeting, 0, kernelBytes)
  })

  test(`${role}: urgent data of the kernel is read where it stands`, options, async (t) => {
    const meeting = await meet(t, { role, manner: 'urgent', bytes: 5000, kernelBytes: 5000 })
    await assertWhole(meeting, 5000, 5000)
  })

  for (const feature of ['sack', 'timestamps', 'windowScaling'] as const) {
    test(`${role}: megabytes arrive whole without ${feature}`, options, async (t) => {
      const settings = { [feature]: false }
      const sizes = [MEGABYTE, MEGABYTE] as const
      const how = { role, manner: 'exchange', bytes: sizes[0], kernelBytes: sizes[1], settings } as const
      await assertWhole(await meet(t, how), ...sizes)
    })
  }

  test(`${role}: over a link of 1280 bytes no packet is refused`, options, async (t) => {
    const tun = { mtuBytes: 1280 }
    const sizes = [MEGABYTE, MEGABYTE] as const
    const how = { role, family: 6, manner: 'exchange', bytes: sizes[0], kernelBytes: sizes[1], tun } as const
    await assertWhole(await meet(t, how), ...sizes)
  })

  for (const [weather, name] of [
    [{ loss: 0.01, duplicate: 0, delayMs: 10, reorder: 0 }, '1 % loss'],
    [{ loss: 0.05, duplicate: 0.02, delayMs: 5, reorder: 0.1 }, '5 % loss, copies and disorder'],
    [{ loss: 0, duplicate: 0, delayMs: 10, reorder: 0.3 }, 'much disorder'],
  ] as const) {
    test(`${role}: bytes arrive whole both ways through ${name}`, options, async (t) => {
      const tun = { weather, seed: 7 }
      const sizes = [400_000, 400_000] as const
      const how = { role, manner: 'exchange', bytes: sizes[0], kernelBytes: sizes[1], tun } as const
      const meeting = await meet(t, how)
      await assertWhole(meeting, ...sizes)
    })
  }
}
