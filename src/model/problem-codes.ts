/**
 * Every code a Problem may carry, with what it means and what to do. docs/reference/errors.md is generated from
 * this table; a test holds the two together.
 */
import { AGENT_PROBLEMS } from './problem-codes-agent.ts'
import { INPUT_PROBLEMS } from './problem-codes-input.ts'
import { LINK_PROBLEMS } from './problem-codes-links.ts'
import { PLAN_PROBLEMS } from './problem-codes-plan.ts'
import { PROXY_PROBLEMS } from './problem-codes-proxy.ts'

export interface ProblemDoc {
  readonly means: string
  readonly remedy: string
}

export const PROBLEMS = {
  ...INPUT_PROBLEMS,
  ...PLAN_PROBLEMS,
  ...LINK_PROBLEMS,
  ...AGENT_PROBLEMS,
  ...PROXY_PROBLEMS,
} as const

export type ProblemCode = keyof typeof PROBLEMS

export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[]
