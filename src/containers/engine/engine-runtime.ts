/**
 * docker, and podman's service, which speaks the same API (/containers/NAME/json, /events).
 *
 * The path carries the version that the engine itself names in its answer to /_ping: without one it is deprecated,
 * and any fixed one is too old or too new for some engine in use.
 */
import type { ContainerRef } from '../../model/index.ts'
import { isMeantBy } from '../container-id.ts'
import { cannotAsk, quoted } from '../failure.ts'
import type { Speaker } from '../failure.ts'
import { keepOpen } from '../reconnecting.ts'
import type { Closeable, Unknown } from '../resolver.ts'
import type { Located, Runtime, RuntimeWatch } from '../runtime.ts'
import { readEvent, readInspected, readMessage } from './engine-answers.ts'
import { HttpSocket } from './http-socket.ts'
import type { HttpAnswer } from './http-socket.ts'
import { jsonLines, parseJson } from './json-lines.ts'

/** A container with ten thousand variables and mounts has 1 MiB to say. */
const ANSWER_LIMIT_BYTES = 8 << 20
const EVENT_LIMIT_BYTES = 1 << 20
const EVENTS = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container'] }))}`
/** RestrictedNameChars of moby and podman; nothing else can be the name of a container. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

export const openEngine = (speaker: Speaker): Runtime => {
  const http = new HttpSocket(speaker.socketPath)
  let version: string | undefined
  const versioned = async (path: string, signal: AbortSignal): Promise<string> => {
    version ??= await apiVersion(http, signal)
    return version + path
  }
  return {
    locate: async (ref, signal) => {
      const name = nameOf(ref)
      if (!NAME.test(name)) return notAName(speaker, name)
      try {
        const path = await versioned(`/containers/${encodeURIComponent(name)}/json`, signal)
        const answer = await http.get(path, { signal, limitBytes: ANSWER_LIMIT_BYTES })
        if (answer.status === 400) version = undefined // An engine of another version took its place: ping again.
        return readAnswer(speaker, name, answer)
      } catch (error) {
        return cannotAsk(speaker, error)
      }
    },
    follow: (watch) => followEvents(http, versioned, watch),
    close: () => {},
  }
}

const apiVersion = async (http: HttpSocket, signal: AbortSignal): Promise<string> => {
  const { headers } = await http.get('/_ping', { signal, limitBytes: ANSWER_LIMIT_BYTES })
  const said = headers['api-version']
  return typeof said === 'string' && /^\d{1,3}\.\d{1,3}$/.test(said) ? `/v${said}` : ''
}

const followEvents = (
  http: HttpSocket,
  versioned: (path: string, signal: AbortSignal) => Promise<string>,
  watch: RuntimeWatch,
): Closeable =>
  keepOpen({
    run: async ({ signal, opened }) => {
      const response = await http.stream(await versioned(EVENTS, signal), signal)
      if (response.statusCode !== 200) return void response.destroy()
      opened()
      response.setEncoding('utf8')
      const lines = jsonLines(response as AsyncIterable<string>, { limitBytes: EVENT_LIMIT_BYTES })
      for await (const line of lines) {
        const event = readEvent(line)
        if (event !== undefined) watch.onEvent(event)
      }
    },
    onOpen: () => watch.onOpen(),
    onEnd: () => watch.onEnd(),
  })

const readAnswer = ({ name: runtime }: Speaker, name: string, answer: HttpAnswer): Located => {
  const json = parseJson(answer.body)
  const message = readMessage(json)
  if (answer.status === 404 && message !== undefined)
    return { kind: 'absent', message: `${runtime} has no container ${name}` }
  const inspected = answer.status === 200 ? readInspected(json) : undefined
  if (inspected === undefined) return notUnderstood(runtime, answer.status, message)
  const { id, pid, running, status } = inspected
  if (inspected.name !== name && !isMeantBy(name, id))
    return { kind: 'absent', message: `${runtime} has no container ${name}` }
  if (running && pid > 0) return { kind: 'process', pid, containerId: id }
  return { kind: 'absent', message: `${runtime}’s container ${name} is not running: ${quoted(status)}` }
}

const notUnderstood = (runtime: string, status: number, message: string | undefined): Unknown => ({
  kind: 'unknown',
  message: `Cannot ask ${runtime}: it answered ${status}${message === undefined ? ', nothing we understand' : `: ${quoted(message)}`}`,
})

const notAName = ({ name: runtime }: Speaker, name: string): Located => ({
  kind: 'absent',
  message: `${runtime} has no container ‘${quoted(name)}’: that cannot be a name`,
})

const nameOf = (ref: ContainerRef): string => (ref.kind === 'docker' || ref.kind === 'podman' ? ref.name : '')
