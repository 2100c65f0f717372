/**
 * Why packets do not arrive, and whether a host is fit. Pure: facts that machines reported go in, findings come out.
 *
 *   traceOf(plan, {from, to})        the way that the plan gives a packet, leg by leg, or why there is none
 *   questionsFor(traces, node)       what to ask a node about it
 *   diagnose({trace, facts, …})      every check in the order in which a packet meets what it looks at
 */
export type * from './facts.ts'
export { type Hook, judge, type Judgement } from './firewall/judge.ts'
export type { Packet } from './firewall/packet.ts'
export { parseFacts, parseQuestions } from './parse-facts.ts'
export { CHECKS, type CheckName, type Finding } from './finding.ts'
export { chooseTrace } from './choose-trace.ts'
export { type Diagnosis, diagnose, furtherAddresses } from './diagnose.ts'
export type { PathContext } from './context.ts'
export { FACTS_VERSION, type QuestionOptions, questionsFor } from './questions.ts'
export { type Leg, type LegEnd, type Trace, traceOf, type TraceResult } from './trace.ts'
export { examine } from './host/examine.ts'
export {
  type HostFacts,
  type HostFinding,
  KERNEL_FEATURES,
  type KernelFeature,
  type ManagerFacts,
  type PlannedHere,
} from './host/host-facts.ts'
