/** `warren lab`: two labs beside each other, commands in them, a crash, and taking everything away again. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { compareFingerprints, takeFingerprint } from '../../src/lab/index.ts'
import { loadSyscalls } from '../../src/linux/index.ts'
import { eventually, patiently } from '../harness/eventually.ts'
import { needs } from '../harness/needs.ts'
import { EXAMPLES, runWarren } from './run-warren.ts'

const options = {
  ...needs({ root: true, kernel: ['tun', 'veth', 'bridge', 'nftables'], tools: ['unshare', 'nsenter'] }),
  timeout: patiently(120_000),
}
const HOMELAB = join(EXAMPLES, 'homelab.yaml')
const TWO_NODES = join(EXAMPLES, 'two-nodes.yaml')

interface LabJson {
  readonly name: string
  readonly alive: boolean
  readonly pid: number
}

/** Labs of this test alone: `down --all` must not reach anybody else's. */
function own(t: TestContext): {
  folder: string
  warren: (...args: string[]) => ReturnType<typeof runWarren>
} {
  const folder = mkdtempSync(join(tmpdir(), 'warren-labs-'))
  const env = { WARREN_LAB_RUN: folder }
  const warren = (...args: string[]): ReturnType<typeof runWarren> => runWarren(args, { env })
  t.after(async () => {
    await warren('lab', 'down', '--all')
    rmSync(folder, { recursive: true, force: true })
  })
  return { folder, warren }
}

test(
  'two labs stand beside each other, a crash is told and cleared, and this machine does not notice',
  options,
  async (t) => {
    const sys = loadSyscalls()
    const before = takeFingerprint(sys)
    const { folder, warren } = own(t)
    const status = async (): Promise<LabJson[]> =>
      JSON.parse((await warren('lab', 'status', '-o', 'json')).stdout) as LabJson[]
    for (const name of ['one', 'two']) {
      const up = await warren('lab', 'up', HOMELAB, '--bare', '--name', name)
      assert.equal(up.status, 0, up.stderr)
    }
    assert.deepEqual(
      (await status()).map(({ name, alive }) => [name, alive]),
      [
        ['one', true],
        ['two', true],
      ],
    )
    const [one] = await status()
    process.kill(one?.pid ?? 0, 'SIGKILL')
    await eventually(async () => (await status())[0]?.alive === false, { what: 'the killed lab is gone' })
    const other = await warren('lab', 'exec', 'two', 'phy01', '--', 'cat', '/etc/hostname')
    assert.equal(other.stdout, 'phy01\n', 'the other one lives')
    const plain = await warren('lab', 'exec', 'two', 'phy01', 'ls', '-d', '--', '/etc/hostname')
    assert.equal(plain.stdout, '/etc/hostname\n', plain.stderr)
    const alone = await warren('lab', 'status', 'two', '-o', 'json')
    assert.deepEqual(
      (JSON.parse(alone.stdout) as LabJson[]).map(({ name }) => name),
      ['two'],
    )
    const none = await warren('lab', 'status', 'three')
    assert.equal(none.status, 2)
    assert.match(none.stderr, /there is no lab three/)
    assert.equal((await warren('lab', 'down', '--all')).status, 0)
    assert.deepEqual(readdirSync(folder), [])
    assert.deepEqual(compareFingerprints(before, takeFingerprint(sys)), [])
  },
)

test(
  'each host has files and a network of its own, and a command ends as it would there',
  options,
  async (t) => {
    const { warren } = own(t)
    assert.equal((await warren('lab', 'up', HOMELAB, '--bare', '--name', 'x')).status, 0)
    const sh = (host: string, command: string) => warren('lab', 'exec', 'x', host, '--', 'sh', '-c', command)
    assert.equal(
      (await sh('rpi4', 'touch /run/mine /etc/warren/mine /var/lib/warren/mine; exit 7')).status,
      7,
    )
    assert.equal(
      (await sh('k3s', 'ls /run/mine /etc/warren/mine /var/lib/warren/mine 2>/dev/null')).stdout,
      '',
    )
    assert.match((await sh('k3s', 'cat /etc/hosts')).stdout, /^203\.0\.113\.10 hub\.example\.net$/m)
    assert.match(
      (await sh('k3s', 'cat /etc/os-release')).stdout,
      /^ID=/m,
      'what it does not shadow is the real file',
    )
    const unknown = await warren('lab', 'exec', 'x', 'nobody', '--', 'true')
    assert.equal(unknown.status, 2)
    assert.match(unknown.stderr, /has no machine nobody/)
  },
)

test(
  'a lab brings its plan up with throwaway keys, and the user’s own lock stays away',
  options,
  async (t) => {
    const { warren } = own(t)
    const up = await warren('lab', 'up', TWO_NODES, '--name', 'pair')
    assert.equal(up.status, 0, up.stderr)
    const show = await warren('lab', 'exec', 'pair', 'lax1', '--', 'warren', 'show', '-o', 'json')
    assert.match(show.stdout, /wg-lax1-lax2-0/)
    assert.ok(!readdirSync(EXAMPLES).includes('two-nodes.lock.yaml'))
  },
)

test(
  'a name that is taken, a NAT that is none and a plan that is wrong are bad input and make nothing',
  options,
  async (t) => {
    const { folder, warren } = own(t)
    assert.equal((await warren('lab', 'up', TWO_NODES, '--bare', '--name', 'x')).status, 0)
    const rows = [
      [['--name', 'x'], /there is a lab x already/],
      [['--name', 'y', '--nat', 'home=cone'], /is not SITE=MAPPING\/FILTERING/],
      [['--name', '../y'], /is no name for a lab/],
    ] as const
    for (const [flags, message] of rows) {
      const { status, stderr } = await warren('lab', 'up', TWO_NODES, '--bare', ...flags)
      assert.equal(status, 2, stderr)
      assert.match(stderr, message)
    }
    assert.deepEqual(readdirSync(folder), ['x'])
  },
)
