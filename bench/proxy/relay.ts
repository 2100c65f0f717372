/**
 * A path with delay and loss, on kernels that have no netem: a link between two namespaces made of two TUNs and this
 * process, which carries every IP packet from one to the other.
 *
 *      namespace A                relay.ts PID-A PID-B DELAY-MS LOSS          namespace B
 *   ┌───────────────┐      delay: half of it each way, no packet overtakes   ┌───────────────┐
 *   │ slow0    .1   ├──────  loss: by chance, each way, by a seeded  ────────┤ slow0    .2   │
 *   └───────────────┘      generator; the kernel's own queues never drop     └───────────────┘
 *
 * The TUNs have no offloads, so the kernel hands over packets as they would be on a wire.
 */
import {
  EventLoop,
  loadSyscalls,
  openNetns,
  openTun,
  setTransmitQueue,
  withNetns,
} from '../../src/linux/index.ts'

const LINK = 'slow0'
/** 32 MB each way: half a second at 60 MB/s. */
const SLOTS = 16_384
const SLOT_BYTES = 2048

const [pidA, pidB, delayMs, loss] = process.argv.slice(2).map(Number) as [number, number, number, number]
const sys = loadSyscalls()
const [a, b] = [openEnd(pidA), openEnd(pidB)]
carry({ from: a, to: b, seed: 1 })
carry({ from: b, to: a, seed: 2 })
console.log('relaying')

function openEnd(pid: number): number {
  return withNetns(sys, openNetns(sys, pid), () => {
    const { fd } = openTun(sys, { name: LINK, plain: true })
    setTransmitQueue(sys, LINK, SLOTS)
    return fd
  })
}

function carry({ from, to, seed }: { from: number; to: number; seed: number }): void {
  const slots = Array.from({ length: SLOTS }, () => new Uint8Array(SLOT_BYTES))
  const lengths = new Int32Array(SLOTS)
  const due = new Float64Array(SLOTS)
  const chance = generator(seed)
  let [first, next] = [0, 0]
  let timer: NodeJS.Timeout | undefined
  const deliver = (): void => {
    timer = undefined
    const now = performance.now()
    for (; first !== next && (due[first % SLOTS] ?? 0) <= now; first++)
      sys.write(to, (slots[first % SLOTS] as Uint8Array).subarray(0, lengths[first % SLOTS]))
    if (first !== next) timer = setTimeout(deliver, 1)
  }
  const receive = (): void => {
    const dueAt = performance.now() + delayMs / 2
    while (next - first < SLOTS) {
      const slot = next % SLOTS
      const length = sys.read(from, slots[slot] as Uint8Array)
      if (length <= 0) break
      if (chance() < loss) continue
      lengths[slot] = length
      due[slot] = dueAt
      next++
    }
    if (delayMs === 0) deliver()
    else timer ??= setTimeout(deliver, 1)
  }
  new EventLoop().watch(from, 'readable', receive, { keepAlive: true })
}

/** xorshift32: the same losses in every run, as far as the packets are the same. */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
