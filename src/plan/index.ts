/** Objects + allocations → what each node is to have. Pure: no clock, no randomness, no I/O. */
export { plan } from './plan.ts'
export type * from './plan-result.ts'
