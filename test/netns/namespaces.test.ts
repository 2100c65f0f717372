/**
 * Which namespace a container's name is taken for: between an answer and the look at it, its process may end and the
 * number of that process be another one's.
 */
import assert from 'node:assert/strict'
import { fstatSync } from 'node:fs'
import { test } from 'node:test'
import { identityOf, Namespaces } from '../../src/agent/namespaces/namespaces.ts'
import { NetworkNamespace } from '../../src/agent/namespaces/network-namespace.ts'
import type { Resolved } from '../../src/containers/index.ts'
import { loadSyscalls, openNetns } from '../../src/linux/index.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'

const web = { kind: 'docker', name: 'web' } as const

test(
  'a namespace is only entered when its container is still the one that was found',
  needs({ root: true, tools: ['ip', 'nsenter', 'unshare'] }),
  async (t) => {
    const sys = loadSyscalls()
    const stranger = await Namespace.create('stranger')
    t.after(() => stranger.close())
    const found = (id: string): Resolved => ({ kind: 'found', path: `/proc/${stranger.pid}/ns/net`, id })
    const answers = [found('7@100'), found('7@200'), found('7@200'), found('7@200')]
    const fd = openNetns(sys, '/proc/self/ns/net')
    const common = {
      ...{ sys, kernelWireGuard: false, isBirth: () => false },
      connection: () => assert.fail('nobody asks a device'),
    }
    const own = { name: '', own: true, fd, identity: identityOf(fstatSync(fd)) }
    const namespaces = new Namespaces({
      ...{ sys, host: NetworkNamespace.open({ ...common, ...own }), options: common },
      resolver: {
        resolve: () => Promise.resolve(answers.shift() ?? found('7@200')),
        watch: () => ({ close: () => {} }),
        close: () => {},
      },
    })
    t.after(() => namespaces.close())
    assert.equal((await namespaces.find([web])).get('docker:web')?.kind, 'unknown')
    assert.equal(namespaces.get('docker:web'), undefined)
    assert.equal((await namespaces.find([web])).get('docker:web')?.kind, 'open')
    // What is open already is held by its descriptor: one question is enough.
    const left = answers.length
    assert.equal((await namespaces.find([web])).get('docker:web')?.kind, 'open')
    assert.equal(left, 0)
  },
)
