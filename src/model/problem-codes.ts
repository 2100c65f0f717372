/** Every code a Problem may carry. docs/reference/errors.md explains each; a test holds the two together. */
export const PROBLEM_CODES = ['InvalidYaml'] as const

export type ProblemCode = (typeof PROBLEM_CODES)[number]
