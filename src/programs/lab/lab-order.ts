/** What `warren lab up` asks its keeper for. */
import type { NatBehaviour } from '../../lab/index.ts'

export interface LabUpOrder {
  readonly file: string
  readonly text: string
  readonly lockText: string | undefined
  readonly bare: boolean
  /** By site; `*` for all others. */
  readonly nats: readonly (readonly [string, NatBehaviour])[]
  readonly loss: number
  readonly folder: string
  readonly warren: readonly string[]
  readonly binFolder: string
  readonly via: string
}
