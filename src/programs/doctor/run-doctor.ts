/** What `warren doctor` does. */
import { examine, type HostFinding } from '../../diagnosis/index.ts'
import { CheckFailed } from '../exit.ts'
import { printable } from '../fleet/via.ts'
import { type Paint, paintFor } from '../terminal/paint.ts'
import { formatStructured } from '../terminal/structured.ts'
import { formatTable } from '../terminal/table.ts'
import { standardOutput } from '../terminal/terminal.ts'
import { collectHostFacts, type CollectHostOptions } from './collect-host-facts.ts'

export interface DoctorOptions extends CollectHostOptions {
  readonly output: 'table' | 'json' | 'yaml'
}

export async function runDoctor(options: DoctorOptions): Promise<void> {
  const findings = examine(await collectHostFacts(options))
  const terminal = standardOutput()
  const text =
    options.output === 'table'
      ? formatDoctor(findings, paintFor(terminal))
      : await formatStructured(findings, options.output)
  terminal.write(text)
  if (findings.some((one) => one.level === 'fail')) throw new CheckFailed('')
}

export function formatDoctor(findings: readonly HostFinding[], paint: Paint): string {
  const rows = findings.map((one) => [wordOf(one, paint), one.check, printable(one.says)])
  const open = findings.filter((one) => one.fix.length > 0)
  const remedies = open.map(
    (one) => `\n${paint.bold(one.check)}\n${one.fix.map((fix) => `  ${printable(fix)}\n`).join('')}`,
  )
  const count = (level: HostFinding['level']): number => findings.filter((one) => one.level === level).length
  const [fails, warns] = [count('fail'), count('warn')]
  const end =
    fails + warns === 0
      ? `\n${paint.green('This machine is fit.')}\n`
      : `\n${fails} to do first, ${warns} to know of.\n`
  return `${formatTable(['', 'CHECK', ''], rows, paint)}${remedies.join('')}${end}`
}

function wordOf({ level }: HostFinding, paint: Paint): string {
  const colour = { ok: paint.green, warn: paint.yellow, fail: paint.red }[level]
  return colour(level)
}
