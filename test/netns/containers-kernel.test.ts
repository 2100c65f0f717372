/**
 * Containers that the kernel alone knows: processes of runc and crun, namespaces of `ip netns`, and processes seen
 * from another pid namespace.
 *
 *   runc, crun ──▶ container (pid) ──▶ /proc/PID/ns/net ──┐
 *   ip netns add ──▶ /run/netns/blue ─────────────────────┴─▶ resolver
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openContainers } from '../../src/containers/index.ts'
import { debianRuntimes } from '../contracts/containers/debian-runtimes.ts'
import { writeSpecification } from '../contracts/containers/oci-specification.ts'
import { makeRootFs, NETWORK, openRuntimeHost } from '../contracts/containers/runtime-host.ts'
import { eventually } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const runtimes = debianRuntimes()
const WITH_RUNTIMES = 'missing' in runtimes ? { skip: runtimes.missing } : {}
const SOON = { lookEveryMs: 20 }

for (const runtime of ['runc', 'crun'])
  test(`${runtime}: a container is found by its pid, and its end is told`, WITH_RUNTIMES, async (t) => {
    const host = await openRuntimeHost(t)
    await writeSpecification(host, { into: join(host.folder, 'config.json'), root: makeRootFs(host) })
    const containers = openContainers(SOON)
    t.after(() => containers.close())
    let told = 0
    containers.watch(() => told++)
    host.atEnd(() => host.exec(`${runtime} delete --force t1`).catch(() => {}))
    const life = async (): Promise<string> => {
      // Without a terminal of ours: the container would hold it open.
      await host.execArgs([
        'sh',
        '-c',
        `exec ${runtime} run --detach --bundle ${host.folder} t1 </dev/null >/dev/null 2>&1`,
      ])
      const { pid } = JSON.parse(await host.exec(`${runtime} state t1`)) as { pid: number }
      const found = await containers.resolve({ kind: 'pid', pid })
      if (found.kind !== 'found') throw new assert.AssertionError({ message: JSON.stringify(found) })
      assert.equal(readlinkSync(found.path), await host.exec(`${runtime} exec t1 ${NETWORK.join(' ')}`))
      const before = told
      await host.exec(`${runtime} kill t1 KILL`)
      await eventually(() => told > before, { what: 'the end is told' })
      assert.equal((await containers.resolve({ kind: 'pid', pid })).kind, 'absent')
      await eventually(async () => (await host.exec(`${runtime} delete t1`), true))
      return found.id
    }
    assert.notEqual(await life(), await life())
  })

test(
  'a namespace of ip netns is found by its path, anew when it was made anew',
  needs({ root: true }),
  async (t) => {
    const host = await Namespace.create('netns')
    t.after(() => host.close())
    const path = host.pathOf('/run/netns/blue')
    const containers = openContainers(SOON)
    t.after(() => containers.close())
    let told = 0
    containers.watch(() => told++)
    const ids: string[] = []
    for (let life = 0; life < 3; life++) {
      assert.equal((await containers.resolve({ kind: 'netns', path })).kind, 'absent')
      const before = told
      await host.exec('ip netns add blue')
      await eventually(() => told > before, { what: 'it is told that there is one' })
      const found = await containers.resolve({ kind: 'netns', path })
      if (found.kind !== 'found') throw new assert.AssertionError({ message: JSON.stringify(found) })
      assert.deepEqual(await containers.resolve({ kind: 'netns', path }), found)
      const inside = (await host.exec('ip netns exec blue readlink /proc/self/ns/net')).trim()
      const entered = execFileSync('nsenter', [`--net=${found.path}`, 'readlink', '/proc/self/ns/net'], {
        encoding: 'utf8',
      })
      assert.equal(entered.trim(), inside)
      ids.push(found.id)
      await host.exec('ip netns del blue')
      await eventually(() => told > before + 1, { what: 'it is told that it went' })
    }
    assert.equal(new Set(ids).size, 3, ids.join(' '))
  },
)

test('from another pid namespace the pid of a runtime is not believed', needs({ root: true }), () => {
  // The same number is another process there: here it is a process of that namespace and no container.
  const script = `
    import { resolveProcess } from './src/containers/kernel/process-namespace.ts'
    const whose = 'docker’s container web'
    const containerId = '629aa6c999ca18999452854c04e39ea00f94b3ac30e98413d7bb80946bb1aa57'
    console.log(JSON.stringify([process.pid, 4711].map((pid) =>
      resolveProcess({ procDir: '/proc', pid, whose, containerId }).kind)))`
  const args = [
    '--pid',
    '--fork',
    '--mount-proc',
    process.execPath,
    '--input-type=module-typescript',
    '--eval',
    script,
  ]
  assert.deepEqual(JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' })), ['unknown', 'unknown'])
})
