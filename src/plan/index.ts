/**
 * Objects + allocations → what each node is to have. Pure: no clock, no randomness, no I/O.
 *
 *   plan(objects, allocations, observations?)   intents, new allocations, problems, direct links, missing keys
 *   objectsForNode(objects, node)               the objects without the keys that this node has no use for
 *   pathTo(result, from, address)               the nodes that a packet passes, by cryptokey routing
 *   childObjects(result)                        the same as WireGuardInterface objects, one per interface
 */
export { objectsForNode } from './objects-for-node.ts'
export { plan } from './plan.ts'
export type * from './plan-result.ts'
