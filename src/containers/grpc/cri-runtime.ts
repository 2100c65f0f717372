/**
 * The runtime interface of Kubernetes (k8s.io/cri-api, runtime/v1): containers and pods of a node, whoever runs them.
 * Which process one is stands only in the `info` of a verbose answer, as JSON of the runtime's own.
 *
 * Events are containerd's where it is containerd. CRI has some itself (GetContainerEvents), but containerd 1.7 gives
 * each of them to only one of those who ask, and then the kubelet would miss it. Without, it is asked again.
 */
import type { ContainerRef } from '../../model/index.ts'
import { isMeantBy } from '../container-id.ts'
import { cannotAsk, quoted } from '../failure.ts'
import type { Speaker } from '../failure.ts'
import type { Located, Runtime } from '../runtime.ts'
import { followTasks } from './containerd-runtime.ts'
import { readCriInfo } from './cri-info.ts'
import { GRPC, GrpcError, GrpcSocket } from './grpc-socket.ts'
import { readFields, writeFields } from './wire.ts'
import type { Fields } from './wire.ts'

const SERVICE = '/runtime.v1.RuntimeService/'
/** ContainerStatusRequest and PodSandboxStatusRequest, and what answers them. */
const REQUEST = { id: 1, verbose: 2 }
const RESPONSE = { status: 1, info: 2 }
/** ContainerStatus {id 1, state 3}, PodSandboxStatus {id 1, state 3}. */
const STATUS = { id: 1, state: 3 }
const CONTAINER_STATE = ['created', 'running', 'exited', 'unknown']
const SANDBOX_STATE = ['ready', 'not ready']
/** ListPodSandboxRequest {filter 1 {state 2 {state 1}}}, ListPodSandboxResponse {items 1}. */
const LIST = { filter: 1, items: 1 }
const FILTER = { state: 2 }
/** PodSandbox {id 1, metadata 2 {name 1, namespace 3}, state 3, created_at 4}. */
const SANDBOX = { id: 1, metadata: 2, state: 3, createdAt: 4 }
const METADATA = { name: 1, namespace: 3 }

type Ask = (method: string, message: Uint8Array) => Promise<Fields>

export const openCri = (speaker: Speaker): Runtime => {
  const grpc = new GrpcSocket(speaker.socketPath)
  return {
    locate: async (ref, signal) => {
      const ask: Ask = async (method, message) => {
        const answer = readFields(await grpc.ask({ path: SERVICE + method, message, signal }))
        if (answer === undefined) throw new GrpcError(GRPC.unknown, 'it answered nothing we understand')
        return answer
      }
      try {
        return await locate(ask, ref)
      } catch (error) {
        return cannotAsk(speaker, error)
      }
    },
    follow: (watch) => followTasks(grpc, watch),
    close: () => grpc.close(),
  }
}

const locate = async (ask: Ask, ref: ContainerRef): Promise<Located> => {
  if (ref.kind === 'pod') return await locatePod(ask, ref)
  const id = ref.kind === 'cri' ? ref.id : ''
  const what = `the container ${quoted(id)}`
  return (
    (await locateOne(ask, {
      method: 'ContainerStatus',
      id,
      states: CONTAINER_STATE,
      alive: 'running',
      what,
    })) ??
    (await locateSandbox(ask, id, `the sandbox ${quoted(id)}`)) ?? {
      kind: 'absent',
      message: `CRI has no container or sandbox ${quoted(id)}`,
    }
  )
}

const locatePod = async (ask: Ask, ref: ContainerRef & { readonly kind: 'pod' }): Promise<Located> => {
  const what = `the pod ${quoted(ref.namespace)}/${quoted(ref.name)}`
  const sandbox = await readySandbox(ask, ref)
  const located = sandbox === undefined ? undefined : await locateSandbox(ask, sandbox, what)
  return located ?? { kind: 'absent', message: `${what} is not running on this node` }
}

const locateSandbox = (ask: Ask, id: string, what: string): Promise<Located | undefined> =>
  locateOne(ask, { method: 'PodSandboxStatus', id, states: SANDBOX_STATE, alive: 'ready', what })

/**
 * A pod that was restarted leaves its old sandboxes behind for a while: the newest that is ready. By metadata and not
 * by labels, which only the kubelet puts there.
 */
const readySandbox = async (
  ask: Ask,
  ref: ContainerRef & { readonly kind: 'pod' },
): Promise<string | undefined> => {
  const ready = writeFields([[1, SANDBOX_STATE.indexOf('ready')]])
  const filter = writeFields([[FILTER.state, ready]])
  const answer = await ask('ListPodSandbox', writeFields([[LIST.filter, filter]]))
  const [newest] = answer
    .messages(LIST.items)
    .filter((sandbox) => {
      const metadata = sandbox.message(SANDBOX.metadata)
      const isIt =
        metadata?.text(METADATA.name) === ref.name && metadata.text(METADATA.namespace) === ref.namespace
      return isIt && SANDBOX_STATE[sandbox.uint(SANDBOX.state)] === 'ready'
    })
    .sort((a, b) => b.uint(SANDBOX.createdAt) - a.uint(SANDBOX.createdAt))
  return newest?.text(SANDBOX.id)
}

interface One {
  readonly method: 'ContainerStatus' | 'PodSandboxStatus'
  readonly id: string
  readonly states: readonly string[]
  readonly alive: string
  readonly what: string
}

/** Undefined: there is none of that id. */
const locateOne = async (
  ask: Ask,
  { method, id, states, alive, what }: One,
): Promise<Located | undefined> => {
  try {
    const request = writeFields([
      [REQUEST.id, id],
      [REQUEST.verbose, true],
    ])
    const answer = await ask(method, request)
    const status = answer.message(RESPONSE.status)
    const state = states[status?.uint(STATUS.state) ?? -1] ?? 'unknown'
    if (status !== undefined && !isMeantBy(id, status.text(STATUS.id))) return undefined
    if (status === undefined || state !== alive)
      return { kind: 'absent', message: `${what} is not running: ${state}` }
    return readCriInfo({
      info: answer.entry(RESPONSE.info, 'info'),
      containerId: status.text(STATUS.id),
      what,
    })
  } catch (error) {
    if (error instanceof GrpcError && error.status === GRPC.notFound) return undefined
    throw error
  }
}
