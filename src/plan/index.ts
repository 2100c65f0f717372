/**
 * Objects + allocations → what each node is to have. Pure: no clock, no randomness, no I/O.
 *
 *   plan(objects, allocations, observations?)   intents, new allocations, problems, direct links, missing keys
 *   lanObservationOf(node, host)                what a host's own links use, for plan()
 *   objectsForNode(objects, node)               the objects without the keys that this node has no use for
 *   pathTo(intents, { from, to })               the nodes that a packet passes, by cryptokey routing
 *   childObjects(intents, objects)              the same as WireGuardInterface objects, one per interface
 */
export * from './child-objects.ts'
export { lanObservationOf } from './lan-observation.ts'
export { objectsForNode } from './objects-for-node.ts'
export * from './path-to.ts'
export { plan } from './plan.ts'
export type * from './plan-result.ts'
