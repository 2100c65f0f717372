/** What the lab needs to know about one node, gathered over all the networks that a file declares. */

export interface LabNode {
  readonly name: string
  readonly site: string | undefined
  /** How the world reaches it, per network: where, and the UDP port it listens on. */
  readonly endpoints: readonly LabEndpoint[]
  /** How its neighbours in the same site reach it. */
  readonly localEndpoints: readonly LabEndpoint[]
  /** UDP ports of all its interfaces. */
  readonly listenPorts: readonly number[]
  /** Prefixes that lie behind it. */
  readonly networksBehind: readonly string[]
}

export interface LabEndpoint {
  readonly host: string
  readonly port: number
  /** The port that the node itself listens on. */
  readonly listenPort: number
}
