/**
 * containerd by its own API (github.com/containerd/containerd, api/services): the task of a container is its
 * processes, and every change of one is an event. A namespace of containerd is a header, and no path.
 */
import type { ContainerRef } from '../../model/index.ts'
import { cannotAsk, quoted } from '../failure.ts'
import type { Speaker } from '../failure.ts'
import { keepOpen } from '../reconnecting.ts'
import type { Closeable } from '../resolver.ts'
import type { Located, Runtime, RuntimeEvent, RuntimeWatch } from '../runtime.ts'
import { GRPC, GrpcError, GrpcSocket } from './grpc-socket.ts'
import { readFields, writeFields } from './wire.ts'

const GET = '/containerd.services.tasks.v1.Tasks/Get'
const SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe'
/** tasks.v1 GetRequest, GetResponse; task.Process; events.v1 SubscribeRequest, Envelope; google.protobuf.Any. */
const REQUEST = { containerId: 1 }
const RESPONSE = { process: 1 }
const PROCESS = { pid: 3, status: 4 }
const ENVELOPE = { namespace: 2, topic: 3, event: 4 }
const ANY = { value: 2 }
/** events.TaskStart {container_id 1}, TaskExit {container_id 1, id 2}, TaskDelete {container_id 1}. */
const TASK = { containerId: 1, execId: 2 }
/** task.Status */
const STATUS = ['unknown', 'created', 'running', 'stopped', 'paused', 'pausing']
const ALIVE = ['running', 'paused', 'pausing']
const TOPICS = ['/tasks/start', '/tasks/exit', '/tasks/delete']
/** identifiers.Validate of containerd. */
const IDENTIFIER = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/

export const openContainerd = (speaker: Speaker): Runtime => {
  const grpc = new GrpcSocket(speaker.socketPath)
  return {
    locate: (ref, signal) => locate({ grpc, speaker, signal }, ref),
    follow: (watch) => followTasks(grpc, watch),
    close: () => grpc.close(),
  }
}

interface Asking {
  readonly grpc: GrpcSocket
  readonly speaker: Speaker
  readonly signal: AbortSignal
}

const locate = async ({ grpc, speaker, signal }: Asking, ref: ContainerRef): Promise<Located> => {
  const { id, namespace } = ref.kind === 'containerd' ? ref : { id: '', namespace: '' }
  const name = `${quoted(id)} in namespace ${quoted(namespace)}`
  if (!IDENTIFIER.test(id) || !IDENTIFIER.test(namespace))
    return { kind: 'absent', message: `containerd has no container ${name}: that cannot be an id` }
  try {
    const metadata = { 'containerd-namespace': namespace }
    const message = writeFields([[REQUEST.containerId, id]])
    const answer = readFields(await grpc.ask({ path: GET, message, metadata, signal }))
    const task = answer?.message(RESPONSE.process)
    if (task === undefined)
      return { kind: 'unknown', message: `Cannot ask containerd: it answered nothing we understand` }
    const [pid, status] = [task.uint(PROCESS.pid), STATUS[task.uint(PROCESS.status)] ?? 'unknown']
    if (pid > 0 && ALIVE.includes(status)) return { kind: 'process', pid, containerId: id }
    return { kind: 'absent', message: `containerd’s container ${name} is not running: ${status}` }
  } catch (error) {
    if (error instanceof GrpcError && error.status === GRPC.notFound)
      return { kind: 'absent', message: `containerd runs no container ${name}` }
    return cannotAsk(speaker, error)
  }
}

/** Of every namespace: CRI's events are these too. `onEvent` gets the id of the container. */
export const followTasks = (grpc: GrpcSocket, watch: RuntimeWatch): Closeable =>
  keepOpen({
    run: async ({ signal, opened }) => {
      const message = writeFields(TOPICS.map((topic) => [1, `topic=="${topic}"`] as const))
      const ended = grpc.stream({ path: SUBSCRIBE, message, signal }, (bytes) => {
        const event = readTaskEvent(bytes)
        if (event !== undefined) watch.onEvent(event)
      })
      // Nothing is said before the first event, so that another question is answered has to do as a sign of life.
      await Promise.race([ended, reached(grpc, signal)])
      opened()
      await ended
    },
    onOpen: () => watch.onOpen(),
    onEnd: () => watch.onEnd(),
  })

const reached = async (grpc: GrpcSocket, signal: AbortSignal): Promise<void> => {
  const path = '/containerd.services.version.v1.Version/Version'
  await grpc.ask({ path, message: new Uint8Array(0), signal })
}

/** Undefined: of no interest, such as the end of a command that was run in a container. */
export const readTaskEvent = (bytes: Uint8Array): RuntimeEvent | undefined => {
  const envelope = readFields(bytes)
  const value = envelope?.message(ENVELOPE.event)?.bytes(ANY.value)
  const task = value === undefined ? undefined : readFields(value)
  if (envelope === undefined || task === undefined || !TOPICS.includes(envelope.text(ENVELOPE.topic)))
    return undefined
  const id = task.text(TASK.containerId)
  const isExec = envelope.text(ENVELOPE.topic) === '/tasks/exit' && task.text(TASK.execId) !== id
  return id === '' || isExec ? undefined : { ids: [id], names: [] }
}
