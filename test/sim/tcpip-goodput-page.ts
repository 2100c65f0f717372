/** The page docs/goodput.md: written from figures, and read again by the test that holds them. */
import { LINE_MBIT, type Line } from './tcpip-goodput.ts'

export interface Cell {
  readonly cubic: number
  readonly newreno: number
  readonly bound: number
}

const LOSSES = [0, 0.1, 1, 3, 10]
const ROUND_TRIPS_MS = [0, 10, 40, 150, 300]
const REORDER_PERCENTS = [1, 10, 30]

const INTRODUCTION = `# Goodput

What one connection gets through a line of ${LINE_MBIT} Mbit/s, in Mbit/s of payload, between two of our stacks: **CUBIC** (what
is used) / NewReno (its plain twin) / *what Reno gets by the formula of Mathis and others (1997), MSS/RTT × √(¾/p)*. The
queue before the line holds one round trip's worth, at least 100 kB; loss is random, of data only; 20 seconds from the
first SYN on, so slow start is part of every figure; from 1 % of loss on, means of three seeds.

All of it is simulated under virtual time (\`test/sim/tcpip-path.ts\`): the same figures on every machine and under any load.
\`node bench/goodput.ts --write\` makes this page, and a unit test holds those of its figures that are quick to make.
How we compare with the kernel's TCP on real lines is in [performance.md](performance.md); why TCP is as it is, in
[decision 16](decisions/0016-tcp.md).
`

export function goodputPage(cellOf: (line: Line) => Cell): string {
  const loss = table(
    'round trip',
    LOSSES.map((percent) => `loss ${percent} %`),
    (roundTripMs) => LOSSES.map((lossPercent) => formatCell(cellOf({ lossPercent, roundTripMs }))),
  )
  const disorder = table(
    'round trip',
    REORDER_PERCENTS.map((percent) => `${percent} % late`),
    (roundTripMs) =>
      REORDER_PERCENTS.map((reorderPercent) => {
        const { cubic, newreno } = cellOf({ lossPercent: 0, roundTripMs, reorderPercent })
        return `**${format(cubic)}** / ${format(newreno)}`
      }),
  )
  return [
    INTRODUCTION,
    '## Loss\n',
    loss,
    '',
    '## Disorder\n',
    'Without loss; so many of the packets come up to an eighth of the round trip (at least 1 ms) later than they would.\n',
    disorder,
    '',
  ].join('\n')
}

function table(
  corner: string,
  heads: readonly string[],
  rowOf: (roundTripMs: number) => readonly string[],
): string {
  const rows = [
    [corner, ...heads],
    ['---:', ...heads.map(() => '---:')],
    ...ROUND_TRIPS_MS.map((ms) => [`${ms} ms`, ...rowOf(ms)]),
  ]
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function formatCell({ cubic, newreno, bound }: Cell): string {
  return `**${format(cubic)}** / ${format(newreno)} / *${format(bound)}*`
}

const format = (mbit: number): string => (mbit >= 10 ? mbit.toFixed(0) : mbit.toFixed(mbit >= 1 ? 1 : 2))

/** CUBIC's and NewReno's figure where the page says what the loss is; undefined: it has no such cell. */
export function readCell(page: string, { lossPercent, roundTripMs }: Line): Cell | undefined {
  const row = page.split('\n').find((line) => line.startsWith(`| ${roundTripMs} ms |`))
  const text = row?.split('|')[2 + LOSSES.indexOf(lossPercent)]
  const [cubic, newreno, bound] = (text ?? '').replaceAll(/[*\s]/g, '').split('/').map(Number)
  if (cubic === undefined || newreno === undefined || bound === undefined) return undefined
  return { cubic, newreno, bound }
}
