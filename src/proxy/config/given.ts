/** A spec with where it comes from: by what names the user knows its fields, and to which folder its files are relative. */
import type { Problem } from '../../model/index.ts'
import type { PlaceOf } from './findings.ts'
import type { OperationsOptions, ProxyOptions } from './from-options.ts'
import type { ProxySpec } from './proxy-spec.ts'
import type { ReadFile } from './read-file.ts'

export interface ConfigSources {
  readonly options: ProxyOptions
  readonly operations: OperationsOptions
  /** A TunnelProxy; the environment then says nothing. */
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where `.env` is looked for. */
  readonly folder: string
  readonly read?: ReadFile
}

export interface Given {
  /** Undefined: nothing to look at further. */
  readonly spec: ProxySpec | undefined
  readonly name: string
  readonly placeOf: PlaceOf
  readonly problems: readonly Problem[]
  readonly folder: string
  /** That were read so far. */
  readonly files: readonly string[]
}
