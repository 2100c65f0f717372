/** One peer of a device. */
import type { Endpoint } from './endpoint.ts'

export interface Peer {
  /** Base64. */
  readonly publicKey: string
  readonly endpoint: Endpoint | undefined
  readonly rxBytes: number
  readonly txBytes: number
}
