/**
 * One contract for every source of objects: a whole snapshot, every problem it has, and a word when it changed.
 * What only files can do wrong (vanish, change while read, be huge) follows.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { formatAllocations, formatObjects } from '../../src/model/index.ts'
import { DiskCache, FileSource, MemorySource, type Source } from '../../src/sources/index.ts'
import { eventually } from '../harness/eventually.ts'

const PLAN = `
apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: home }
spec:
  cidrs: [10.0.0.0/24]
  topology: Mesh
  nodes: [{ name: a }, { name: b }]
`
const SECRET = `
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { k: "very secret" }
`
const lockOf = (address: string, network = 'default/home'): string =>
  formatAllocations({ networks: { [network]: { nodes: { a: { addresses: [address], interfaces: [] } } } } })

interface World {
  readonly source: Source
  readonly write: (text: string, lock?: string) => void
}

const folder = (t: TestContext): string => {
  const dir = mkdtempSync(join(tmpdir(), 'warren-source-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const WORLDS: Readonly<Record<string, (t: TestContext) => World>> = {
  memory: () => {
    const source = new MemorySource('# nothing yet\n')
    return { source, write: (text, lock) => source.write(text, lock) }
  },
  file: (t) => {
    const dir = folder(t)
    writeFileSync(join(dir, 'home.yaml'), '# nothing yet\n')
    const write = (text: string, lock?: string): void => {
      if (lock !== undefined) writeFileSync(join(dir, 'home.lock.yaml'), lock)
      writeFileSync(join(dir, '.new'), text)
      renameSync(join(dir, '.new'), join(dir, 'home.yaml'))
    }
    return { source: new FileSource({ dir }), write }
  },
}

for (const [name, make] of Object.entries(WORLDS)) {
  test(`${name}: a snapshot has the objects and what was allocated`, async (t) => {
    const { source, write } = make(t)
    write(`${PLAN}---\n${SECRET}`, lockOf('10.0.0.7'))
    const snapshot = await source.read()
    assert.deepEqual(snapshot.problems, [])
    assert.deepEqual(
      snapshot.objects.map((o) => o.kind),
      ['WireGuardNetworkPlan', 'Secret'],
    )
    assert.deepEqual(snapshot.allocations.networks['default/home']?.nodes['a']?.addresses, ['10.0.0.7'])
  })

  test(`${name}: equal content has equal digests, other content others`, async (t) => {
    const { source, write } = make(t)
    const digests: string[] = []
    for (const [text, lock] of [
      [PLAN, lockOf('10.0.0.7')],
      [PLAN, lockOf('10.0.0.7')],
      [PLAN, lockOf('10.0.0.8')],
      [`${PLAN}#\n`, lockOf('10.0.0.8')],
    ] as const) {
      write(text, lock)
      digests.push((await source.read()).digest)
    }
    assert.equal(digests[0], digests[1])
    assert.equal(new Set(digests).size, 3)
  })

  test(`${name}: a change is told, until watching ends`, async (t) => {
    const { source, write } = make(t)
    let told = 0
    const watching = source.watch(() => told++)
    write(PLAN)
    await eventually(() => told > 0)
    assert.equal((await source.read()).objects.length, 1)
    watching.close()
    const before = told
    write(`${PLAN}# more\n`)
    assert.notEqual((await source.read()).digest, '')
    assert.equal(told, before)
  })

  test(`${name}: every problem of a bad text is in the snapshot, and a good text is good again`, async (t) => {
    const { source, write } = make(t)
    write(PLAN.replace('topology: Mesh', 'topolgy: Mesh\n  mtu: many'))
    const { problems } = await source.read()
    assert.ok(problems.length >= 2, JSON.stringify(problems))
    write('kind: [')
    assert.equal((await source.read()).problems[0]?.code, 'InvalidYaml')
    write(PLAN)
    assert.deepEqual((await source.read()).problems, [])
  })

  test(`${name}: a text with nothing but a comment wants nothing, and that is no problem`, async (t) => {
    const { source } = make(t)
    const { objects, problems } = await source.read()
    assert.deepEqual([objects, problems], [[], []])
  })
}

test('file: several plans are one snapshot; two locks of one network are a problem', async (t) => {
  const dir = folder(t)
  writeFileSync(join(dir, 'a.yaml'), PLAN)
  writeFileSync(join(dir, 'b.yml'), PLAN.replace('home', 'office'))
  writeFileSync(join(dir, 'notes.txt'), 'not: [a plan')
  writeFileSync(join(dir, 'a.lock.yaml'), lockOf('10.0.0.1'))
  writeFileSync(join(dir, 'b.lock.yaml'), lockOf('10.0.0.1', 'default/office'))
  const source = new FileSource({ dir })
  const good = await source.read()
  assert.deepEqual([good.objects.length, good.problems], [2, []])
  assert.deepEqual(good.parts, ['a.yaml', 'b.yml'])
  writeFileSync(join(dir, 'b.lock.yaml'), lockOf('10.0.0.2'))
  assert.equal((await source.read()).problems[0]?.code, 'InvalidAllocations')
})

test('file: a plan that vanishes, empties or never was is a problem, not an empty wish', async (t) => {
  const dir = folder(t)
  const source = new FileSource({ dir })
  assert.equal((await source.read()).problems[0]?.code, 'SourceEmpty')
  const path = join(dir, 'home.yaml')
  writeFileSync(path, PLAN)
  assert.deepEqual((await source.read()).problems, [])
  writeFileSync(path, '')
  assert.equal((await source.read()).problems[0]?.code, 'FileEmpty')
  unlinkSync(path)
  assert.equal((await source.read()).problems[0]?.code, 'SourceVanished')
  rmSync(dir, { recursive: true })
  assert.equal((await source.read()).problems[0]?.code, 'SourceUnreadable')
})

test('file: a file in the place of the folder is named as one', async (t) => {
  const dir = join(folder(t), 'home.yaml')
  writeFileSync(dir, PLAN)
  const [problem] = (await new FileSource({ dir }).read()).problems
  assert.equal(problem?.message, `${dir} is a file; give the folder it is in`)
})

test('file: a plan that an earlier process saw is missed too', async (t) => {
  const source = new FileSource({ dir: folder(t) })
  source.expect(['home.yaml'])
  assert.equal((await source.read()).problems[0]?.code, 'SourceVanished')
})

test('file: 100 MB, a folder, a pipe and bytes that are no text are refused without being read', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'home.yaml')
  const source = new FileSource({ dir })
  const file = openSync(path, 'w')
  ftruncateSync(file, 100 << 20)
  closeSync(file)
  const before = process.memoryUsage().rss
  assert.equal((await source.read()).problems[0]?.code, 'FileTooLarge')
  assert.ok(process.memoryUsage().rss - before < 50 << 20)
  unlinkSync(path)
  mkdirSync(path)
  assert.equal((await source.read()).problems[0]?.code, 'SourceUnreadable')
  rmSync(path, { recursive: true })
  spawnSync('mkfifo', [path])
  assert.equal((await source.read()).problems[0]?.code, 'SourceUnreadable')
  unlinkSync(path)
  writeFileSync(path, Buffer.from([0x6b, 0x3a, 0xff, 0xfe]))
  assert.equal((await source.read()).problems[0]?.code, 'SourceUnreadable')
})

test('file: a file that changes while it is read is never half used', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'home.yaml')
  const source = new FileSource({ dir })
  const whole = `${PLAN}# the end\n`
  const stop = new AbortController()
  const writer = (async () => {
    while (!stop.signal.aborted) {
      writeFileSync(path, whole.slice(0, 40))
      await new Promise((resolve) => setImmediate(resolve))
      appendFileSync(path, whole.slice(40))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let round = 0; round < 5; round++) {
    const { objects, problems } = await source.read()
    // Either a whole plan, or what was there is refused: a fragment may be text at rest, but no valid plan.
    assert.ok(objects.length === 1 ? problems.length === 0 : problems.length > 0)
  }
  stop.abort()
  await writer
})

test('file: a folder that is made later is noticed', async (t) => {
  const dir = join(folder(t), 'later')
  const source = new FileSource({ dir, pollMs: 20 })
  let told = 0
  const watching = source.watch(() => told++)
  mkdirSync(dir)
  writeFileSync(join(dir, 'home.yaml'), PLAN)
  await eventually(() => told > 0)
  watching.close()
})

test('the last good plan reads back as it was, for its owner alone', async (t) => {
  const dir = folder(t)
  const path = join(dir, 'state', 'last.yaml')
  const cache = new DiskCache(path)
  assert.equal(await cache.load(), undefined)
  const source = new MemorySource(`${PLAN}---\n${SECRET}`, lockOf('10.0.0.7'))
  const snapshot = { ...(await source.read()), digest: 'd', parts: ['home.yaml'] }
  await cache.save(snapshot)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const back = await cache.load()
  assert.equal(formatObjects(back?.objects ?? []), formatObjects(snapshot.objects))
  assert.deepEqual(back?.allocations, snapshot.allocations)
  assert.deepEqual([back?.digest, back?.parts], ['d', ['home.yaml']])
  writeFileSync(path, 'half a f')
  assert.equal(await cache.load(), undefined)
})
