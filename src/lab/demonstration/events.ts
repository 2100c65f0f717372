/** What the demonstration tells while it runs: one stream for the live view, for plain lines and for `--json`. */
import type { LabMachineState } from '../containment/lab-folder.ts'

export type DemonstrationEvent =
  /** The lab is there: the outside may write down who is where. */
  | { readonly kind: 'machines'; readonly machines: readonly LabMachineState[] }
  | { readonly kind: 'step'; readonly number: number; readonly title: string }
  /** A line that stays. `held` and `failed` are checks, `note` is information, `command` what a user would type. */
  | { readonly kind: 'line'; readonly tone: LineTone; readonly text: string }
  /** What is going on now; each replaces the one before. */
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'hosts'; readonly rows: readonly HostRow[] }
  /** A lab that is to stay is as it should be, or says what is not. */
  | { readonly kind: 'up'; readonly failed: readonly string[] }
  | { readonly kind: 'done'; readonly result: DemonstrationResult }
  | { readonly kind: 'broken'; readonly message: string }

export type LineTone = 'held' | 'failed' | 'note' | 'command'

export interface HostRow {
  readonly host: string
  readonly place: string
  readonly interface: string
  readonly backend: string
  readonly peers: number
  /** Peers that have shaken hands. */
  readonly alive: number
  readonly lastHandshakeMs: number | undefined
  readonly convergedMs: number | undefined
}

/** The object of `--json`, without what only the outside knows. */
export interface DemonstrationResult {
  readonly hosts: number
  readonly links: number
  readonly backend: 'userspace' | 'kernel'
  readonly reachable: number
  readonly expected: number
  readonly forbidden: number
  readonly forbiddenChecked: number
  readonly interop: 'wireguard-go' | null
  readonly openPorts: readonly string[]
  readonly healMs: Readonly<Record<string, number | null>>
  readonly streamSurvived: boolean
  readonly convergeMs: number
  /** Checks that did not hold, in words. */
  readonly failed: readonly string[]
}

export const BREAKAGES = ['nat', 'peer', 'route', 'firewall'] as const
export type Breakage = (typeof BREAKAGES)[number]

export interface DemonstrationOrder {
  readonly file: string
  readonly text: string
  /** A folder of the lab, for the plan's copy and its lock. */
  readonly folder: string
  /** How to run warren here. */
  readonly warren: readonly string[]
  /** Where the program `warren` is. */
  readonly binFolder: string
  readonly breakage?: Breakage
  /** What a user outside would give as `--via`. */
  readonly via: string
}
