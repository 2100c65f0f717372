/**
 * Runtimes that are not what they should be: nobody there, somebody who never answers, resets, talks nonsense or talks
 * for ever. Every one is an answer within the time allowed, and none of them is `found`.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ContainerRef } from '../model/index.ts'
import { openContainers } from './open-containers.ts'

const REFS: readonly ContainerRef[] = [
  { kind: 'docker', name: 'web' },
  { kind: 'podman', name: 'web' },
  { kind: 'containerd', id: 't1', namespace: 'default' },
  { kind: 'cri', id: '3f2a' },
  { kind: 'pod', namespace: 'default', name: 'web' },
]
const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK'
const BEHAVIOURS: Readonly<Record<string, (socket: Socket) => void>> = {
  'never answers': () => {},
  'hangs up at once': (socket) => socket.destroy(),
  'hangs up after the question': (socket) => socket.once('data', () => socket.destroy()),
  'talks nonsense': (socket) => socket.end('\0\x01\x02 nonsense \r\n\r\n'.repeat(100)),
  'answers 200 with nothing': (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')),
  'answers JSON of another kind': (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n[1,2]')),
  'promises a thousand million bytes': (socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')),
  'talks for ever': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const more = (error?: Error | null): void => {
      if (error === undefined || error === null) socket.write(Buffer.alloc(1 << 20, 0x20), more)
    }
    more()
  },
  'says OK to everything': (socket) => socket.on('data', () => socket.write(PING)),
}

for (const [what, behave] of Object.entries(BEHAVIOURS))
  test(`a runtime that ${what} is unknown, for every kind of container`, async (t) => {
    const socket = await serve(t, behave)
    const containers = openContainers({ ...socketsAt(socket), answerWithinMs: 300 })
    t.after(() => containers.close())
    for (const ref of REFS) {
      const answer = await containers.resolve(ref)
      assert.equal(answer.kind, 'unknown', `${ref.kind}: ${JSON.stringify(answer)}`)
      assert.doesNotMatch(answer.message, /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
    }
  })

test('no socket, nobody behind it, and a file in its place are unknown, and podman’s hint says what to do', async (t) => {
  const folder = folderOf(t)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  for (const socket of [join(folder, 'none'), file, join(file, 'below')]) {
    const containers = openContainers(socketsAt(socket))
    t.after(() => containers.close())
    for (const ref of REFS) {
      const answer = await containers.resolve(ref)
      assert.equal(answer.kind, 'unknown', JSON.stringify(answer))
      assert.ok(answer.message.includes(socket), answer.message)
      if (ref.kind === 'podman') assert.match(answer.hint ?? '', /systemctl enable --now podman\.socket/)
    }
  }
})

test('a runtime that does not answer is waited for once, however many containers it has', async (t) => {
  let connections = 0
  const socket = await serve(t, () => connections++)
  const containers = openContainers({ ...socketsAt(socket), answerWithinMs: 200 })
  t.after(() => containers.close())
  for (const name of ['a', 'b', 'c', 'd'])
    assert.equal((await containers.resolve({ kind: 'docker', name })).kind, 'unknown')
  assert.equal(connections, 1)
})

test('a question that is withdrawn ends at once, as does every one when the resolver is closed', async (t) => {
  const socket = await serve(t, () => {})
  for (const ref of REFS) {
    const containers = openContainers({ ...socketsAt(socket), answerWithinMs: 1 << 30 })
    const withdrawn = containers.resolve(ref, { signal: AbortSignal.timeout(5) })
    assert.equal((await withdrawn).kind, 'unknown')
    const open = containers.resolve(ref)
    containers.close()
    assert.equal((await open).kind, 'unknown')
  }
})

test('no name leaves the path, the header or the message that it stands in', async (t) => {
  const asked: string[] = []
  const socket = await serve(t, (connection) =>
    connection.on('data', (data) => {
      asked.push(data.toString('latin1').split('\r\n')[0] ?? '')
      connection.end(PING)
    }),
  )
  const containers = openContainers(socketsAt(socket))
  t.after(() => containers.close())
  const names = [
    '../info',
    '..',
    '.',
    'a/../../b',
    'a?b=c',
    'a b',
    'a\r\nX: y',
    'a%2fb',
    '',
    '\0',
    'é',
    '-a',
    '/web',
  ]
  for (const name of names)
    for (const ref of [
      { kind: 'docker', name },
      { kind: 'containerd', id: name, namespace: 'default' },
      { kind: 'containerd', id: 'a', namespace: name },
    ] as const)
      assert.equal((await containers.resolve(ref)).kind, 'absent', JSON.stringify(ref))
  assert.deepEqual(asked, [])
})

test('DOCKER_HOST names the socket; one of another host is refused with a hint', async (t) => {
  const env = { DOCKER_HOST: 'tcp://192.0.2.1:2375', CONTAINER_HOST: 'unix:///nowhere/podman.sock' }
  const containers = openContainers({ env })
  t.after(() => containers.close())
  const docker = await containers.resolve({ kind: 'docker', name: 'web' })
  assert.equal(
    docker.kind === 'unknown' && docker.message,
    'Cannot ask docker: tcp://192.0.2.1:2375 is not a socket of this host',
  )
  const podman = await containers.resolve({ kind: 'podman', name: 'web' })
  assert.equal(
    podman.kind === 'unknown' && podman.message,
    'Cannot ask podman: there is no socket /nowhere/podman.sock',
  )
})

function socketsAt(path: string) {
  return { dockerSocket: path, podmanSocket: path, containerdSocket: path, criSocket: path, env: {} }
}

async function serve(t: TestContext, behave: (socket: Socket) => void): Promise<string> {
  const path = join(folderOf(t), 'socket')
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {}) // The other side leaves when it has had enough.
    behave(socket)
  })
  server.listen(path)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return path
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-hostile-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
