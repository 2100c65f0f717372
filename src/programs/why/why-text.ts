/**
 * The judgement for a person: one line per check that is fine, one per finding that is not, and below them the first
 * failure with its reason and its remedy.
 */
import { CHECKS, type CheckName, type Finding } from '../../diagnosis/index.ts'
import { printable } from '../fleet/via.ts'
import type { Paint } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import type { WhyResult } from './run-why.ts'

export interface WhyLook {
  readonly paint: Paint
  /** Every finding, also those that are fine. */
  readonly all: boolean
}

export function formatWhy(why: WhyResult, { paint, all }: WhyLook): string {
  const shown = all ? why.findings : upToCause(why).flatMap(([check, findings]) => brief(check, findings))
  const rows = shown.map((one) => [sign(one, paint), one.check, one.node, printable(one.says)])
  return [
    headline(why, paint),
    '\n',
    formatTable(['', 'CHECK', 'NODE', ''], rows, paint),
    ending(why, paint),
  ].join('')
}

function headline({ from, to, reaches, cause }: WhyResult, paint: Paint): string {
  const pair = paint.bold(`${from} → ${to}`)
  if (reaches === true && cause === null) return `${pair}: ${paint.green('packets arrive')}\n`
  if (reaches === true) return `${pair}: ${paint.yellow('small packets arrive, large ones do not')}\n`
  if (reaches === null && cause === null) return `${pair}: ${paint.yellow('nobody could try')}\n`
  return `${pair}: ${paint.red('packets do not arrive')}\n`
}

type Group = readonly [CheckName, readonly Finding[]]

/** What comes after the cause mostly fails because of it. */
function upToCause({ findings, cause }: WhyResult): Group[] {
  const groups = CHECKS.flatMap((check): Group[] => {
    const found = findings.filter((one) => one.check === check)
    return found.length === 0 ? [] : [[check, found]]
  })
  const last = cause === null ? -1 : groups.findIndex(([check]) => check === cause.check)
  return last < 0 ? groups : groups.slice(0, last + 1)
}

function brief(check: CheckName, findings: readonly Finding[]): Finding[] {
  const odd = findings.filter((one) => one.ok !== true)
  const [first] = findings
  if (odd.length > 0 || first === undefined) return firstOfEachNode(odd)
  if (findings.length === 1 || check === 'intent') return [first]
  return [{ ...first, node: 'all', says: SUMMARIES[check] ?? first.says }]
}

/** Both directions of a leg often say the same of the same node. */
function firstOfEachNode(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (one, at) => findings.findIndex((other) => other.node === one.node && other.ok === one.ok) === at,
  )
}

const SUMMARIES: Partial<Record<CheckName, string>> = {
  contact: 'their agents have converged',
  interface: 'the tunnel’s links are up and have their addresses',
  keys: 'both ends know each other’s keys',
  endpoint: 'it is known where to call',
  underlay: 'the way outside the tunnel is in order',
  firewall: 'no packet filter stops the tunnel itself',
  clock: 'the clocks agree',
  handshake: 'both ends of every leg have a session',
  'allowed-ips': 'the allowed IPs lead there and back',
  route: 'the routes lead there and back',
  rule: 'no policy rule leads elsewhere',
  'rp-filter': 'reverse-path filtering lets it in',
  forwarding: 'who is between them forwards',
  nftables: 'no packet filter stops what is inside',
}

function sign({ ok }: Finding, paint: Paint): string {
  return ok === true ? paint.green('✓') : ok === false ? paint.red('✗') : paint.yellow('?')
}

function ending({ cause }: WhyResult, paint: Paint): string {
  if (cause === null) return ''
  const fixes = cause.fix.map((fix) => `  ${printable(fix)}\n`).join('')
  return [
    `\n${paint.bold(`${cause.check} at ${cause.node}`)}: ${printable(cause.says)}.\n`,
    `That is it, because ${printable(cause.because)}.\n`,
    fixes === '' ? '' : `\n${whereTo(cause)}:\n${fixes}`,
  ].join('')
}

/** A plan is put right where it is written, everything else on the machine itself. */
function whereTo({ check, node }: Finding): string {
  return check === 'intent' ? 'What to do' : `What to do at ${node}`
}
