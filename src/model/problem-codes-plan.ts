/** Problems of objects and allocations taken together, found by the planner. */
export const PLAN_PROBLEMS = {
  DuplicateObject: {
    means: 'Two documents have the same kind, namespace and name.',
    remedy: 'Remove one, or give it another name.',
  },
} as const
