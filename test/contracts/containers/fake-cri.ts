/**
 * CRI as a node has it: one pod with one container. As CRI-O (no events) or as containerd (whose own events are on the
 * same socket).
 */
import type { TestContext } from 'node:test'
import { writeFields } from '../../../src/containers/grpc/wire.ts'
import { taskEvent } from './fake-containerd.ts'
import { openFakeGrpc, type GrpcAnswer } from './fake-grpc.ts'
import { FakeProcess } from './fake-process.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

const CONTAINER = '3f2a9c'
const SANDBOX = 'b01dfa'

export const fakeCri = (
  kind: 'cri' | 'pod',
  { events }: { readonly events: boolean },
): ContainerWorldKind => ({
  name: `a fake ${events ? 'containerd' : 'CRI-O'}, by ${kind}`,
  options: {},
  hasEvents: events,
  open: (t) => openFakeCri(t, kind, events),
})

const openFakeCri = async (t: TestContext, kind: 'cri' | 'pod', events: boolean): Promise<ContainerWorld> => {
  const process = new FakeProcess()
  let known = false
  const status = (id: string, states: { alive: number; dead: number }): GrpcAnswer => {
    const alive = process.pid > 0
    const info = writeFields([
      [1, 'info'],
      [2, JSON.stringify({ sandboxID: SANDBOX, pid: process.pid })],
    ])
    const message = writeFields([
      [
        1,
        writeFields([
          [1, id],
          [3, alive ? states.alive : states.dead],
        ]),
      ],
      [2, info],
    ])
    return known ? { message } : { status: 5 }
  }
  const service = '/runtime.v1.RuntimeService/'
  const version = { '/containerd.services.version.v1.Version/Version': () => ({ message: writeFields([]) }) }
  const grpc = await openFakeGrpc(t, {
    ...(events ? { streamPath: '/containerd.services.events.v1.Events/Subscribe' } : {}),
    methods: {
      ...(events ? version : {}),
      [`${service}ContainerStatus`]: ({ fields }) =>
        fields.text(1) === CONTAINER ? status(CONTAINER, { alive: 1, dead: 2 }) : { status: 5 },
      [`${service}PodSandboxStatus`]: ({ fields }) =>
        fields.text(1) === SANDBOX ? status(SANDBOX, { alive: 0, dead: 1 }) : { status: 5 },
      [`${service}ListPodSandbox`]: () => ({ message: sandboxes(process.pid > 0) }),
    },
  })
  t.after(() => process.stop())
  const id = kind === 'pod' ? SANDBOX : CONTAINER
  return {
    options: { criSocket: grpc.path },
    ref: kind === 'pod' ? { kind, namespace: 'default', name: 'web' } : { kind, id: CONTAINER },
    never: kind === 'pod' ? { kind, namespace: 'other', name: 'web' } : { kind, id: 'never' },
    start: async () => {
      known = true
      await process.start()
      grpc.send(taskEvent('/tasks/start', id))
    },
    stop: async () => {
      await process.stop()
      grpc.send(taskEvent('/tasks/exit', id))
    },
    network: async () => process.network(),
    stopRuntime: () => grpc.stop(),
  }
}

/** A node always has more: a pod of the same name elsewhere, and what is left of an earlier life of this one. */
const sandboxes = (alive: boolean): Uint8Array => {
  const one = (
    id: string,
    namespace: string,
    o: { state: number; created: number },
  ): readonly [1, Uint8Array] => {
    const metadata = writeFields([
      [1, 'web'],
      [3, namespace],
    ])
    return [
      1,
      writeFields([
        [1, id],
        [2, metadata],
        [3, o.state],
        [4, o.created],
      ]),
    ]
  }
  return writeFields([
    one('00dead', 'default', { state: 1, created: 9 }),
    one('0ther0', 'prod', { state: 0, created: 8 }),
    ...(alive
      ? [
          one('00old0', 'default', { state: 0, created: 1 }),
          one(SANDBOX, 'default', { state: 0, created: 2 }),
        ]
      : []),
  ])
}
