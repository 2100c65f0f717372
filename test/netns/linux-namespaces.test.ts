/**
 * Namespaces for real: made, entered, pinned under a name, inherited by children; and the calls that take root,
 * each once, in a child process with namespaces of its own.
 *
 *   this process ──withNetns──▶ ┌ new namespace ┐   a socket made inside stays inside;
 *        ▲                      │  lo           │   a child started inside lives inside
 *        └───────always─────────┘               ┘
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  currentNetns,
  loadSyscalls,
  newNetns,
  openNetns,
  RouteNetlink,
  withNetns,
} from '../../src/linux/index.ts'
import { needs } from '../harness/needs.ts'

const AS_ROOT = needs({ root: true })
const here = (): string => readlinkSync('/proc/thread-self/ns/net')

test('newNetns() makes an empty namespace and leaves this process where it was', AS_ROOT, (t) => {
  const sys = loadSyscalls()
  const home = here()
  const fd = newNetns(sys)
  t.after(() => sys.close(fd))
  assert.equal(here(), home)
  assert.notEqual(readlinkSync(`/proc/self/fd/${fd}`), home)
  assert.equal(withNetns(sys, fd, here), readlinkSync(`/proc/self/fd/${fd}`))
  assert.equal(here(), home)
})

test('a child started inside withNetns() lives in that namespace', AS_ROOT, (t) => {
  const sys = loadSyscalls()
  const fd = newNetns(sys)
  t.after(() => sys.close(fd))
  const { stdout } = withNetns(sys, fd, () =>
    spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }),
  )
  assert.equal(stdout.trim(), readlinkSync(`/proc/self/fd/${fd}`))
})

test('a socket made inside stays inside, and withNetns() nests', AS_ROOT, (t) => {
  const sys = loadSyscalls()
  const a = newNetns(sys)
  const b = newNetns(sys)
  const route = RouteNetlink.open(sys, { netns: a })
  t.after(() => {
    route.close()
    sys.close(a)
    sys.close(b)
  })
  const inner = withNetns(sys, a, () => {
    route.setLink('lo', { up: true })
    const there = withNetns(sys, b, () => RouteNetlink.open(sys))
    assert.equal(here(), readlinkSync(`/proc/self/fd/${a}`))
    return there
  })
  t.after(() => inner.close())
  assert.deepEqual([route.link('lo')?.up, inner.link('lo')?.up], [true, false])
})

test('openNetns() finds a namespace by process and by path; one that is gone is named', AS_ROOT, (t) => {
  const sys = loadSyscalls()
  const byPid = openNetns(sys, process.pid)
  const current = currentNetns(sys)
  t.after(() => {
    sys.close(byPid)
    sys.close(current)
  })
  assert.equal(readlinkSync(`/proc/self/fd/${byPid}`), readlinkSync(`/proc/self/fd/${current}`))
  assert.throws(
    () => openNetns(sys, '/run/netns/no-such'),
    /open the network namespace \/run\/netns\/no-such.*ENOENT/,
  )
})

const child = (program: string, env: Record<string, string> = {}) => {
  const index = import.meta.resolve('../../src/linux/index.ts')
  const prelude = `
    import assert from 'node:assert/strict'
    import fs from 'node:fs'
    import * as linux from ${JSON.stringify(index)}
    const sys = linux.loadSyscalls()
    const { CLONE_NEWNS, CLONE_NEWUTS, MS_PRIVATE, MS_REC, MS_BIND, MNT_DETACH } = linux
  `
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', prelude + program]
  const { status, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
}

test('pinNetns() keeps a namespace under a path until unpinNetns()', AS_ROOT, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-netns-'))
  t.after(() => rmSync(directory, { recursive: true }))
  // In a mount namespace of its own, so that a failure leaves no mount behind.
  child(
    `
    assert.equal(sys.unshare(CLONE_NEWNS), 0)
    assert.equal(sys.mount('/', { flags: MS_PRIVATE | MS_REC }), 0)
    const path = process.env.DIRECTORY + '/netns/blue'
    const fd = linux.newNetns(sys)
    const inode = fs.fstatSync(fd).ino
    linux.pinNetns(sys, fd, path)
    assert.throws(() => linux.pinNetns(sys, fd, path), /EEXIST/)
    sys.close(fd)
    const again = linux.openNetns(sys, path)
    assert.equal(fs.fstatSync(again).ino, inode)
    linux.withNetns(sys, again, () => assert.equal(linux.RouteNetlink.open(sys).links().length, 1))
    sys.close(again)
    linux.unpinNetns(sys, path)
    assert.equal(fs.existsSync(path), false)
    assert.throws(() => linux.unpinNetns(sys, path), /unpin/)
    `,
    { DIRECTORY: directory },
  )
  assert.equal(existsSync(join(directory, 'netns')), true)
})

test('mount, umount2, chroot, pivot_root, sethostname and capset do what the manual says', AS_ROOT, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-mount-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const hostname = readFileSync('/proc/sys/kernel/hostname', 'utf8')
  child(
    `
    const { DIRECTORY: directory } = process.env
    assert.equal(sys.unshare(CLONE_NEWNS | CLONE_NEWUTS), 0)
    assert.equal(sys.mount('/', { flags: MS_PRIVATE | MS_REC }), 0)
    assert.equal(sys.mount(directory, { source: 'tmpfs', type: 'tmpfs', data: 'size=1m,mode=0700' }), 0)
    fs.writeFileSync(directory + '/inside', 'x')
    fs.mkdirSync(directory + '/old')
    assert.equal(sys.sethostname('burrow'), 0)
    assert.equal(fs.readFileSync('/proc/sys/kernel/hostname', 'utf8'), 'burrow\\n')

    const header = new Uint8Array(8), data = new Uint8Array(24)
    new DataView(header.buffer).setUint32(0, 0x20080522, true)
    assert.equal(sys.capget(header, data), 0)
    assert.equal(sys.capset(header, data), 0)

    assert.equal(sys.pivotRoot(directory, directory + '/old'), 0)
    assert.ok(sys.open('/inside', 0) >= 0)
    assert.equal(sys.umount2('/old', MNT_DETACH), 0)
    fs.mkdirSync('/jail')
    assert.equal(sys.chroot('/jail'), 0)
    assert.equal(sys.open('/inside', 0), -2)
    assert.equal(sys.umount2('/nowhere', 0), -2)
    `,
    { DIRECTORY: directory },
  )
  assert.equal(readFileSync('/proc/sys/kernel/hostname', 'utf8'), hostname)
  assert.equal(existsSync(join(directory, 'inside')), false)
})

test('the process ends when it cannot come home', AS_ROOT, () => {
  const program = `
    import * as linux from ${JSON.stringify(import.meta.resolve('../../src/linux/index.ts'))}
    const sys = linux.loadSyscalls()
    const fd = linux.newNetns(sys)
    let calls = 0
    const stranded = new Proxy(sys, { get: (target, name) => {
      const value = target[name]
      if (name === 'setns') return (...args) => (calls++ === 0 ? target.setns(...args) : -1)
      return typeof value === 'function' ? value.bind(target) : value
    } })
    linux.withNetns(stranded, fd, () => undefined)
    console.log('still here')`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  assert.deepEqual([status, stdout], [70, ''])
  assert.match(stderr, /cannot return to the own network namespace: the kernel returned EPERM/)
})
