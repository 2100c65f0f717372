/** As much of docker's API as a container's name needs, on the socket where a host looks for it. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { Namespace } from '../harness/namespace.ts'

const ID = '629aa6c999ca18999452854c04e39ea00f94b3ac30e98413d7bb80946bb1aa57'

export interface DockerEngine {
  /** The container of this name runs as this process, or does not run. */
  runs(name: string, pid: number | undefined): void
}

export const dockerEngine = async (t: TestContext, host: Namespace): Promise<DockerEngine> => {
  const running = new Map<string, number | undefined>()
  const listeners = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (path === '/_ping') {
      response.setHeader('Api-Version', '1.41').end('OK')
      return
    }
    if (path.endsWith('/events')) {
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      response.writeHead(200).flushHeaders()
      return
    }
    const name = decodeURIComponent(/\/containers\/([^/]*)\/json$/.exec(path)?.[1] ?? '')
    if (!running.has(name)) return json(404, { message: `No such container: ${name}` })
    const pid = running.get(name)
    const state = {
      Status: pid === undefined ? 'exited' : 'running',
      Running: pid !== undefined,
      Paused: false,
      Pid: pid ?? 0,
    }
    return json(200, { Id: ID, Name: `/${name}`, State: state, HostConfig: { NetworkMode: 'none' } })
  })
  server.listen(host.pathOf('/run/docker.sock'))
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    runs: (name, pid) => {
      running.set(name, pid)
      const line = {
        Type: 'container',
        Action: pid === undefined ? 'die' : 'start',
        Actor: { ID, Attributes: { name } },
      }
      for (const listener of listeners) listener.write(`${JSON.stringify(line)}\n`)
    },
  }
}
