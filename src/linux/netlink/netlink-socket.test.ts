/**
 * The socket against a kernel that misbehaves on cue: dumps that change under the reader, answers that are lost,
 * interrupted calls, objections to one attribute, batches that are taken back.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnsupportedSyscalls } from '../fake/unsupported-syscalls.ts'
import { isKernelError, KernelError } from '../kernel-error.ts'
import * as uapi from '../uapi/index.ts'
import { type NetlinkMessage, splitMessages } from './message.ts'
import { MessageWriter } from './message-writer.ts'
import { type NetlinkRequest, NetlinkSocket } from './netlink-socket.ts'

type Answer = (
  request: NetlinkMessage,
  write: (head: Head, body?: (writer: MessageWriter) => void) => void,
) => void
interface Head {
  readonly type: number
  readonly flags?: number
  /** Default: the request's. */
  readonly sequence?: number
}

/** Answers each message by the script; what is written for one goes out as one datagram. */
class ScriptedKernel extends UnsupportedSyscalls {
  readonly sends: NetlinkMessage[][] = []
  readonly options: [number, number][] = []
  readonly #answer: Answer
  readonly #results: (Uint8Array | number)[] = []
  closed = 0

  constructor(answer: Answer) {
    super()
    this.#answer = answer
  }

  /** Something recv() returns before anything else: a datagram or a negative errno. */
  queue(...results: readonly (Uint8Array | number)[]): void {
    this.#results.push(...results)
  }

  override socket = (): number => 3
  override bind = (): number => 0
  override poll = (): number => 0
  override close = (): number => {
    this.closed++
    return 0
  }
  override setsockopt = (_fd: number, _level: number, name: number, value: Uint8Array | number): number => {
    this.options.push([name, Number(value)])
    return 0
  }
  override send = (_fd: number, bytes: Uint8Array): number => {
    const messages = [...splitMessages(bytes.slice())]
    this.sends.push(messages)
    for (const message of messages) {
      const writer = new MessageWriter()
      this.#answer(message, ({ type, flags = 0, sequence = message.sequence }, body = () => undefined) =>
        writer.message({ type, flags, sequence }, body),
      )
      if (writer.length > 0) this.#results.push(writer.bytes.slice())
    }
    return bytes.byteLength
  }
  override recv = (_fd: number, buffer: Uint8Array): number => {
    const result = this.#results.shift() ?? -uapi.EAGAIN
    if (typeof result === 'number') return result
    buffer.set(result.subarray(0, buffer.length))
    return result.length
  }
}

const verdict = (errno: number, attributes?: (writer: MessageWriter) => void) => (writer: MessageWriter) => {
  writer.i32(-errno).u32(0).u32(0).u32(0).u32(0)
  attributes?.(writer)
}
const acknowledge: Answer = (_request, write) => write({ type: uapi.NLMSG_ERROR }, verdict(0))

const request = (fields: Partial<NetlinkRequest> = {}): NetlinkRequest => ({
  type: 16,
  what: 'set link wg0',
  header: { bytes: 4, prefix: 'IFLA_' },
  body: (writer) => {
    writer.u32(0)
    writer.attributeU32(uapi.IFLA_MTU, 1420)
    writer.nest(uapi.IFLA_LINKINFO, () => writer.attributeString(uapi.IFLA_INFO_KIND, 'x'))
  },
  ...fields,
})
const numberIn = ({ payload }: NetlinkMessage): number => payload.getUint32(0, true)
const open = (answer: Answer) => {
  const kernel = new ScriptedKernel(answer)
  return { kernel, socket: NetlinkSocket.open(kernel, uapi.NETLINK_ROUTE) }
}

test('open() asks for short and extended acknowledgements and strict checks, and joins groups', () => {
  const kernel = new ScriptedKernel(acknowledge)
  const socket = NetlinkSocket.open(kernel, uapi.NETLINK_ROUTE, { groups: [5] })
  const names = kernel.options.map(([name]) => name)
  for (const name of [uapi.NETLINK_CAP_ACK, uapi.NETLINK_EXT_ACK, uapi.NETLINK_GET_STRICT_CHK]) {
    assert.ok(names.includes(name))
  }
  assert.deepEqual(kernel.options.at(-1), [uapi.NETLINK_ADD_MEMBERSHIP, 5])
  socket.close()
  socket.close()
  assert.equal(kernel.closed, 1)
})

test('open() closes the descriptor when it cannot be prepared', () => {
  const kernel = new ScriptedKernel(acknowledge)
  kernel.bind = () => -uapi.EPERM
  assert.throws(() => NetlinkSocket.open(kernel, uapi.NETLINK_ROUTE), /cannot bind a netlink socket.*EPERM/)
  assert.equal(kernel.closed, 1)
})

test('execute() sends a request that asks for its acknowledgement', () => {
  const { kernel, socket } = open(acknowledge)
  socket.execute(request({ flags: uapi.NLM_F_CREATE }))
  assert.equal(kernel.sends[0]?.[0]?.flags, uapi.NLM_F_REQUEST | uapi.NLM_F_ACK | uapi.NLM_F_CREATE)
})

test('the error names the attribute the kernel objects to, however deep', () => {
  const rows = [
    { offset: 20, attribute: 'IFLA_MTU' },
    { offset: 28, attribute: 'IFLA_LINKINFO' },
    { offset: 32, attribute: 'IFLA_LINKINFO.1' },
    { offset: 21, attribute: undefined },
  ]
  for (const { offset, attribute } of rows) {
    const { socket } = open((_request, write) =>
      write({ type: uapi.NLMSG_ERROR, flags: uapi.NLM_F_CAPPED | uapi.NLM_F_ACK_TLVS }, (writer) =>
        verdict(22, () =>
          writer
            .attributeString(uapi.NLMSGERR_ATTR_MSG, 'no good')
            .attributeU32(uapi.NLMSGERR_ATTR_OFFS, offset),
        )(writer),
      ),
    )
    assert.throws(
      () => socket.execute(request()),
      (error) =>
        error instanceof KernelError && error.attribute === attribute && error.kernelText === 'no good',
    )
  }
})

test('the error says which attribute is missing', () => {
  const { socket } = open((_request, write) =>
    write({ type: uapi.NLMSG_ERROR, flags: uapi.NLM_F_CAPPED | uapi.NLM_F_ACK_TLVS }, (writer) =>
      verdict(22, () => writer.attributeU32(uapi.NLMSGERR_ATTR_MISS_TYPE, uapi.IFLA_IFNAME))(writer),
    ),
  )
  assert.throws(() => socket.execute(request()), /\(at missing IFLA_IFNAME\)/)
})

test('an acknowledgement of another request is not taken for ours', () => {
  const { socket } = open((message, write) => {
    write({ type: uapi.NLMSG_ERROR, sequence: message.sequence - 1 }, verdict(1))
    write({ type: uapi.NLMSG_ERROR }, verdict(0))
  })
  socket.execute(request())
})

test('an interrupted receive is repeated; an answer that was lost is an error, not a wait for ever', () => {
  const { kernel, socket } = open(acknowledge)
  kernel.queue(-uapi.EINTR, -uapi.ENOBUFS)
  socket.execute(request())
  const silent = open(() => undefined)
  assert.throws(
    () => silent.socket.execute(request()),
    /ENOBUFS \(no buffer space available: the answer was lost\)/,
  )
  assert.throws(() => silent.socket.dump(request(), numberIn), /the answer was lost/)
})

test('executeAll() sends a hundred messages at a time, and a failure stops nobody else', () => {
  let count = 0
  const { kernel, socket } = open((_request, write) =>
    write({ type: uapi.NLMSG_ERROR }, verdict(++count === 150 ? 17 : 0)),
  )
  const outcomes = socket.executeAll(Array.from({ length: 250 }, () => request()))
  assert.deepEqual(
    kernel.sends.map((messages) => messages.length),
    [100, 100, 50],
  )
  assert.deepEqual(
    outcomes.flatMap((outcome, index) => (outcome ? [[index, outcome.code]] : [])),
    [[149, 'EEXIST']],
  )
  assert.deepEqual(socket.executeAll([]), [])
})

test('executeAll() starts a new send before one grows beyond the send buffer', () => {
  const { kernel, socket } = open(acknowledge)
  const big = request({ body: (writer) => void writer.attributeBytes(1, new Uint8Array(40_000)) })
  assert.deepEqual(socket.executeAll([big, big, big, big, big]), new Array(5).fill(undefined))
  assert.deepEqual(
    kernel.sends.map((messages) => messages.length),
    [3, 2],
  )
})

test('transact() sends all at once; requests of a batch that was taken back are cancelled', () => {
  let count = 0
  const { kernel, socket } = open((message, write) => {
    if (!(message.flags & uapi.NLM_F_ACK)) return
    if (++count === 2) write({ type: uapi.NLMSG_ERROR }, verdict(2))
  })
  const outcomes = socket.transact([
    request({ unacknowledged: true }),
    request(),
    request(),
    request({ unacknowledged: true }),
  ])
  assert.equal(kernel.sends.length, 1)
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.code),
    [undefined, 'ECANCELED', 'ENOENT', undefined],
  )
})

test('transact() reports a refusal of a message that asked for no acknowledgement', () => {
  const { socket } = open((message, write) => {
    if (message.flags & uapi.NLM_F_ACK) write({ type: uapi.NLMSG_ERROR }, verdict(0))
    else write({ type: uapi.NLMSG_ERROR }, verdict(1))
  })
  const outcomes = socket.transact([request({ unacknowledged: true }), request()])
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.code),
    ['EPERM', undefined],
  )
})

const item = (number: number) => (writer: MessageWriter) => void writer.u32(number)

test('dump() reads until the end over many messages', () => {
  const { socket } = open((_request, write) => {
    write({ type: 16, flags: uapi.NLM_F_MULTI }, item(1))
    write({ type: 16, flags: uapi.NLM_F_MULTI, sequence: 999 }, item(99))
    write({ type: 16, flags: uapi.NLM_F_MULTI }, item(2))
    write({ type: uapi.NLMSG_DONE, flags: uapi.NLM_F_MULTI }, verdict(0))
  })
  assert.deepEqual(socket.dump(request(), numberIn), [1, 2])
})

test('dump() is repeated when the table changed under it, and keeps only the last reading', () => {
  let attempt = 0
  const { kernel, socket } = open((_request, write) => {
    attempt++
    const flags = uapi.NLM_F_MULTI | (attempt < 3 ? uapi.NLM_F_DUMP_INTR : 0)
    write({ type: 16, flags }, item(attempt))
    write({ type: uapi.NLMSG_DONE, flags }, verdict(0))
  })
  assert.deepEqual(socket.dump(request(), numberIn), [3])
  assert.equal(kernel.sends.length, 3)
})

test('dump() gives up when the table never holds still', () => {
  const { socket } = open((_request, write) =>
    write({ type: uapi.NLMSG_DONE, flags: uapi.NLM_F_MULTI | uapi.NLM_F_DUMP_INTR }, verdict(0)),
  )
  assert.throws(
    () => socket.dump(request({ what: 'list links' }), numberIn),
    /cannot list links: .*EINTR.*kept changing/,
  )
})

test('dump() throws what its end says', () => {
  const { socket } = open((_request, write) =>
    write({ type: uapi.NLMSG_DONE, flags: uapi.NLM_F_MULTI | uapi.NLM_F_ACK_TLVS }, (writer) => {
      writer.i32(-19).attributeString(uapi.NLMSGERR_ATTR_MSG, 'gone')
    }),
  )
  assert.throws(
    () => socket.dump(request(), numberIn),
    (error) => isKernelError(error, 'ENODEV') && error.kernelText === 'gone',
  )
})

test('query() returns the first answer before the acknowledgement', () => {
  const { socket } = open((_request, write) => {
    write({ type: 16 }, item(7))
    write({ type: uapi.NLMSG_ERROR }, verdict(0))
  })
  assert.equal(socket.query(request(), numberIn), 7)
})

test('receive() hands over all that waits and reports a loss', () => {
  const { kernel, socket } = open(acknowledge)
  const writer = new MessageWriter()
  writer.message({ type: 16, flags: 0, sequence: 0 }, item(1))
  writer.message({ type: 16, flags: 0, sequence: 0 }, item(2))
  const got: number[] = []
  const take = (): string => socket.receive((message) => void got.push(numberIn(message)))
  kernel.queue(writer.bytes.slice(), -uapi.EINTR, writer.bytes.slice())
  assert.deepEqual([take(), got], ['drained', [1, 2, 1, 2]])
  kernel.queue(-uapi.ENOBUFS, writer.bytes.slice())
  assert.deepEqual([take(), got.length], ['overrun', 6])
  kernel.queue(-uapi.EPERM)
  assert.throws(take, /cannot receive netlink events: .*EPERM/)
})
