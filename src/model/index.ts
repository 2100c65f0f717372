/** The words everything else is said in: kinds, intents, observations, steps, problems. Pure. */
export type * from './intent.ts'
export type * from './observed.ts'
export type * from './problem.ts'
export * from './problem-codes.ts'
export * from './step.ts'
