/**
 * How much of a line one connection uses, through loss, delay and disorder, with CUBIC and with its plain twin:
 *
 *   node bench/goodput.ts            prints the tables
 *   node bench/goodput.ts --write    writes docs/goodput.md
 *
 * Simulated under virtual time: no machine and no load changes a figure, and test/sim/tcpip-goodput.test.ts holds some.
 */
import { writeFileSync } from 'node:fs'
import { mathisMbit, tableGoodput, type Line } from '../test/sim/tcpip-goodput.ts'
import { goodputPage } from '../test/sim/tcpip-goodput-page.ts'

const PAGE = new URL('../docs/goodput.md', import.meta.url)

const page = goodputPage((line: Line) => {
  const cell = {
    cubic: tableGoodput(line, 'cubic'),
    newreno: tableGoodput(line, 'newreno'),
    bound: mathisMbit(line),
  }
  const { lossPercent, roundTripMs, reorderPercent = 0 } = line
  const what = `loss ${lossPercent} %, ${roundTripMs} ms, disorder ${reorderPercent} %`
  console.error(`  ${what}: ${cell.cubic.toFixed(2)} / ${cell.newreno.toFixed(2)} Mbit/s`)
  return cell
})
if (process.argv.includes('--write')) writeFileSync(PAGE, page)
else console.log(page)
