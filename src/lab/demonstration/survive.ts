/** A TCP stream runs through the tunnel while the agents of both its ends are killed. It must not notice. */
import type { Socket } from 'node:net'
import { connectFrom, listenIn } from '../probes/transfer.ts'
import type { Stage } from './stage.ts'
import { until } from '../until.ts'

const MEBIBYTE = 1 << 20
/** Before the kill, to be running; after it, to be seen running. */
const BEFORE_BYTES = 4 * MEBIBYTE
const AFTER_BYTES = 16 * MEBIBYTE
const TIMEOUT_MS = 15_000

export async function proveStreamSurvives(stage: Stage): Promise<boolean> {
  const pairs = stage.facts.expected.filter(({ from, to }) =>
    [from, to].every((end) => stage.agents.isRunning(stage.lab.machine(end))),
  )
  const pair = pairs.find(({ to }) => stage.facts.relays.has(to)) ?? pairs[0]
  if (pair === undefined) return stage.check(false, 'no two machines with agents to run a stream between')
  const [from, to] = [stage.lab.machine(pair.from), stage.lab.machine(pair.to)]
  stage.progress(`a TCP stream from ${from.name} to ${to.name}`)
  const sink = await openSink(stage, pair)
  try {
    const running = await until(() => sink.received() >= BEFORE_BYTES, { timeoutMs: TIMEOUT_MS })
    await Promise.all([stage.agents.kill(from), stage.agents.kill(to)])
    const dead = !stage.agents.isRunning(from) && !stage.agents.isRunning(to)
    const atKill = sink.received()
    const went = await until(() => sink.received() >= atKill + AFTER_BYTES, { timeoutMs: TIMEOUT_MS })
    const survived = running !== undefined && dead && went !== undefined && sink.broken() === undefined
    const moved = ((sink.received() - atKill) / MEBIBYTE).toFixed(0)
    const why = sink.broken() ?? (running === undefined ? 'it never ran' : 'it stalled')
    return stage.check(
      survived,
      survived
        ? `agents of ${from.name} and ${to.name} killed with SIGKILL: the stream went on, ${moved} MiB more in ${Math.round(went)} ms`
        : `agents of ${from.name} and ${to.name} killed with SIGKILL: the stream did not survive (${why})`,
    )
  } finally {
    sink.close()
    for (const machine of [from, to]) stage.agents.start(machine)
  }
}

interface Sink {
  received(): number
  broken(): string | undefined
  close(): void
}

async function openSink(stage: Stage, pair: { from: string; to: string; address: string }): Promise<Sink> {
  const listener = await listenIn(stage.lab.machine(pair.to), pair.address)
  let received = 0
  let broken: string | undefined
  const sockets: Socket[] = []
  const watch = (socket: Socket): Socket => {
    sockets.push(socket)
    return socket.on('error', (error) => (broken ??= error.message))
  }
  listener.server.on('connection', (socket) => {
    watch(socket).on('data', (chunk) => (received += chunk.length))
  })
  const to = { address: pair.address, port: listener.port }
  pour(watch(await connectFrom(stage.lab.machine(pair.from), to, TIMEOUT_MS)))
  return {
    received: () => received,
    broken: () => broken,
    close: () => {
      for (const socket of sockets) socket.destroy()
      listener.server.close()
    },
  }
}

/** Writes for as long as somebody takes it, with breaks for the rest of the machine. */
function pour(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, 0x77)
  const next = (): void => {
    if (!socket.destroyed && socket.write(chunk)) setImmediate(next)
  }
  socket.on('drain', next)
  next()
}
