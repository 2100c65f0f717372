/**
 * Takes links down, one at a time, and says how long each took to be up again, as another program on the host sees
 * it: `drift-breaker.ts COUNT NAMES…`. Milliseconds as JSON, and those of one bare netlink round trip.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { loadSyscalls, RouteNetlink } from '../src/linux/index.ts'

const BETWEEN_MS = 40
const GIVE_UP_MS = 60_000

const [count = '100', ...names] = process.argv.slice(2)
const route = RouteNetlink.open(loadSyscalls())
const nameOf = (n: number): string => names[(n * 7) % names.length] ?? ''

const timed = (work: () => void): number => {
  const before = performance.now()
  work()
  return performance.now() - before
}

const roundTrips = Array.from({ length: 1000 }, (_, n) => timed(() => void route.link(nameOf(n))))
const repairs: number[] = []
for (let n = 0; n < Number(count); n++) {
  const name = nameOf(n)
  repairs.push(
    timed(() => {
      route.setLink(name, { up: false })
      const until = performance.now() + GIVE_UP_MS
      while (route.link(name)?.up !== true)
        if (performance.now() > until) throw new Error(`${name} never came back`)
    }),
  )
  // The agent finishes its second look meanwhile.
  await pause(BETWEEN_MS)
}
console.log(JSON.stringify({ roundTrips, repairs }))
