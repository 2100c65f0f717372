/** The port to paths: which sizes come back from the other end. linux-probe.ts is the real one. */
import type { ContainerRef } from '../../model/index.ts'

export interface ProbeTarget {
  readonly address: string
  /** Through this link, in its namespace; absent: wherever the node's own routes lead. */
  readonly through?: { readonly name: string; readonly container: ContainerRef | undefined }
  /** Of the packets, for routes that depend on it. */
  readonly mark?: number
}

export interface Echoes {
  readonly answered: ReadonlySet<number>
  readonly refused: boolean
}

export interface PathProbe {
  /**
   * Sends one echo request of each size (bytes of the whole IP packet, never fragmented on the way) and gives the
   * sizes whose replies, of the same size, came back within the time. `refused`: the link itself takes no packet so
   * large, or none at all, which says nothing of the path.
   */
  echo(target: ProbeTarget, sizes: readonly number[], timeoutMs: number): Promise<Echoes>
  /** What the node's own routes and links carry towards an address, as far as this host knows. */
  routeMtu(target: ProbeTarget): number | undefined
}
