/** containerd as its API shows it: the task of one container, and the events of tasks. */
import type { TestContext } from 'node:test'
import { writeFields } from '../../../src/containers/grpc/wire.ts'
import { openFakeGrpc } from './fake-grpc.ts'
import { FakeProcess } from './fake-process.ts'
import type { ContainerWorld, ContainerWorldKind } from './world.ts'

export const fakeContainerd: ContainerWorldKind = {
  name: 'a fake containerd',
  options: {},
  hasEvents: true,
  open: (t) => openFakeContainerd(t),
}

/** events.v1 Envelope {namespace 2, topic 3, event 4: Any {type_url 1, value 2: container_id 1, id 2}}. */
export const taskEvent = (topic: string, id: string): Uint8Array =>
  writeFields([
    [2, 'default'],
    [3, topic],
    [
      4,
      writeFields([
        [
          2,
          writeFields(
            topic === '/tasks/exit'
              ? [
                  [1, id],
                  [2, id],
                ]
              : [[1, id]],
          ),
        ],
      ]),
    ],
  ])

const openFakeContainerd = async (t: TestContext): Promise<ContainerWorld> => {
  const fake = { process: new FakeProcess(), status: 2 }
  const grpc = await openFakeGrpc(t, {
    streamPath: '/containerd.services.events.v1.Events/Subscribe',
    methods: {
      '/containerd.services.version.v1.Version/Version': () => ({ message: writeFields([[1, '1.6.20']]) }),
      '/containerd.services.tasks.v1.Tasks/Get': ({ fields, namespace }) => {
        const isIt = fields.text(1) === 't1' && namespace === 'default' && fake.process.pid > 0
        if (!isIt) return { status: 5 }
        const process = writeFields([
          [1, 't1'],
          [3, fake.process.pid],
          [4, fake.status],
        ])
        return { message: writeFields([[1, process]]) }
      },
    },
  })
  t.after(() => fake.process.stop())
  return {
    options: { containerdSocket: grpc.path },
    ref: { kind: 'containerd', id: 't1', namespace: 'default' },
    never: { kind: 'containerd', id: 't1', namespace: 'other' },
    start: async () => {
      fake.status = 2
      await fake.process.start()
      grpc.send(taskEvent('/tasks/start', 't1'))
    },
    stop: async () => {
      await fake.process.stop()
      grpc.send(taskEvent('/tasks/exit', 't1'))
    },
    network: async () => fake.process.network(),
    pause: async () => {
      fake.status = 4
    },
    stopRuntime: () => grpc.stop(),
    startRuntime: () => grpc.start(),
  }
}
