/**
 * docker and podman as their API shows them: one container, its inspection and its events. What it answers was copied
 * from Debian 12's docker 20.10 and podman 4.3, field for field as far as a resolver may look.
 */
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { FakeProcess } from './fake-process.ts'
import { socketFor } from './socket-folder.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

const ID = '629aa6c999ca18999452854c04e39ea00f94b3ac30e98413d7bb80946bb1aa57'

export interface FakeEngine extends ContainerWorld {
  /** How often a container was asked for. */
  questions(): number
}

interface Dialect {
  readonly version: string
  readonly ends: string
  readonly noSuch: (name: string) => object
}

const DIALECTS: Readonly<Record<'docker' | 'podman', Dialect>> = {
  docker: {
    version: '1.41',
    ends: 'die',
    noSuch: (name) => ({ message: `No such container: ${name}` }),
  },
  podman: {
    version: '1.40',
    ends: 'died',
    noSuch: (name) => ({
      cause: 'no such container',
      message: `no container with name or ID "${name}" found: no such container`,
      response: 404,
    }),
  },
}

export const fakeEngine = (kind: 'docker' | 'podman'): ContainerWorldKind => ({
  name: `a fake ${kind}`,
  options: {},
  hasEvents: true,
  open: (t) => openFakeEngine(t, kind),
})

const openFakeEngine = async (t: TestContext, kind: 'docker' | 'podman'): Promise<FakeEngine> => {
  const dialect = DIALECTS[kind]
  const fake = { name: 'web', status: 'created', process: new FakeProcess(), exists: false, questions: 0 }
  const listeners = new Set<ServerResponse>()
  const tell = (action: string, attributes: object = {}): void => {
    const line = {
      Type: 'container',
      Action: action,
      Actor: { ID, Attributes: { name: fake.name, ...attributes } },
    }
    for (const listener of listeners) listener.write(`${JSON.stringify(line)}\n`)
  }
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (path === '/_ping') return response.setHeader('Api-Version', dialect.version).end('OK')
    if (!path.startsWith(`/v${dialect.version}/`)) return json(400, { message: 'client version is too new' })
    if (path.endsWith('/events')) {
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      return response.writeHead(200).flushHeaders()
    }
    fake.questions++
    const asked = decodeURIComponent(/\/containers\/([^/]*)\/json$/.exec(path)?.[1] ?? '')
    // Any beginning of an id will do, as it does for both of them.
    if (!fake.exists || (asked !== fake.name && !ID.startsWith(asked)))
      return json(404, dialect.noSuch(asked))
    const running = fake.process.pid > 0
    const state = {
      Status: fake.status,
      Running: running,
      Paused: fake.status === 'paused',
      Pid: fake.process.pid,
    }
    return json(200, { Id: ID, Name: `/${fake.name}`, State: state, HostConfig: { NetworkMode: 'none' } })
  })
  const path = socketFor(t)
  const startRuntime = async (): Promise<void> => {
    server.listen(path)
    await once(server, 'listening')
  }
  await startRuntime()
  const stopRuntime = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.after(async () => {
    await fake.process.stop()
    await stopRuntime()
  })
  return {
    options: kind === 'docker' ? { dockerSocket: path } : { podmanSocket: path },
    ref: { kind, name: 'web' },
    never: { kind, name: 'never' },
    start: async () => {
      await fake.process.start()
      Object.assign(fake, { exists: true, status: 'running' })
      tell('start')
    },
    stop: async () => {
      await fake.process.stop()
      fake.status = 'exited'
      tell(dialect.ends, { exitCode: '137' })
    },
    network: async () => fake.process.network(),
    pause: async () => {
      fake.status = 'paused'
      tell('pause')
    },
    rename: async (there) => {
      const oldName = `/${fake.name}`
      fake.name = there ? 'other' : 'web'
      // podman does not say what the name was.
      tell('rename', kind === 'docker' ? { oldName } : {})
    },
    stopRuntime,
    startRuntime,
    questions: () => fake.questions,
  }
}
