/** rtnetlink: links, addresses, routes, policy rules, and what changes in them. */
export * from './address-codec.ts'
export * from './link-codec.ts'
export * from './route-codec.ts'
export * from './route-events.ts'
export type * from './route-kernel.ts'
export { lookUpRoutes, type RouteAnswer, type RouteQuestion } from './route-lookup.ts'
export * from './route-netlink.ts'
export * from './rule-codec.ts'
