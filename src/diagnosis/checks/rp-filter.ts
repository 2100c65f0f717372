/**
 * Reverse-path filtering of what comes out of the tunnel (RFC 3704; ip-sysctl `rp_filter`). IPv4 only. Strict means
 * that a packet is dropped unless an answer to its source would leave by the same link.
 */
import { arrivalAt, type LegCheck, lookupAt } from '../context.ts'
import type { LookupAnswer } from '../facts.ts'
import { findingsOf } from '../finding.ts'
import { strictness } from './underlay.ts'

const WORDS = ['off', 'strict', 'loose'] as const

export const rpFilter: LegCheck = ({ far, trace, facts, forth }) => {
  const own = facts.get(far.node)
  const { name, container } = far.interface
  const [from, to] = forth ? [trace.source, trace.target] : [trace.target, trace.source]
  if (own === undefined || container !== undefined || trace.family === 6) return undefined
  const { ok, fails } = findingsOf('rp-filter', far.node)
  const how = strictness(own, name)
  const word = WORDS[how] ?? String(how)
  const back = lookupAt(own, from)?.answer
  const leaves = back?.kind === 'way' ? back.link : null
  if (how !== 1 || back === undefined) return ok(`rp_filter of ${name} is ${word}`)
  // The kernel's own word, where it was asked as if the packet had come: rules may decide otherwise than tables.
  const arrival = arrivalAt(own, { link: name, from, to })?.answer
  if (arrival?.kind === 'way' || (leaves === name && !isReversePath(arrival)))
    return ok(`rp_filter of ${name} lets ${from} in`)
  const looser = [`sysctl -w net.ipv4.conf.${name}.rp_filter=2`, 'sysctl -w net.ipv4.conf.all.rp_filter=2']
  if (leaves === name)
    return fails({
      says: `the kernel refuses packets from ${from} that come in by ${name} (EXDEV), and rp_filter of ${name} is strict`,
      because: 'by its rules an answer would leave another way, so it drops them',
      fix: ['ip rule', ...looser],
    })
  return fails({
    says: `packets from ${from} come in by ${name}, but answers would leave by ${leaves ?? 'no link'}, and rp_filter of ${name} is strict`,
    because: 'the kernel drops them for coming the wrong way',
    fix: looser,
  })
}

/** Newer kernels say EINVAL for everything that they would drop, which says nothing of the reason. */
const isReversePath = (answer: LookupAnswer | undefined): boolean =>
  answer?.kind === 'refused' && answer.code === 'EXDEV'
