/**
 * The environment contract: PROXY_TO, WIREGUARD_CONFIG_FNAME and LISTEN, from the process or else from `.env` in the
 * working directory. What is set but empty counts as not set.
 */
import { parseEnv } from 'node:util'

export const VARIABLES = { to: 'PROXY_TO', config: 'WIREGUARD_CONFIG_FNAME', listen: 'LISTEN' } as const

export interface FromEnvironment {
  readonly value: string
  /** As a problem names it: `PROXY_TO`, or `PROXY_TO in .env`. */
  readonly origin: string
}

export type EnvironmentOptions = Readonly<Partial<Record<keyof typeof VARIABLES, FromEnvironment>>>

export interface EnvironmentInput {
  readonly process: Readonly<Record<string, string | undefined>>
  /** The text of `.env`; undefined: there is none. */
  readonly dotEnv: string | undefined
}

export function readEnvironment({ process, dotEnv }: EnvironmentInput): EnvironmentOptions {
  const file = dotEnv === undefined ? {} : parseEnv(dotEnv)
  const found = Object.entries(VARIABLES).flatMap(([option, name]) => {
    const own = process[name]
    if (own !== undefined && own !== '') return [[option, { value: own, origin: name }]]
    const fromFile = file[name]
    if (own !== undefined || fromFile === undefined || fromFile === '') return []
    return [[option, { value: fromFile, origin: `${name} in .env` }]]
  })
  return Object.fromEntries(found) as EnvironmentOptions
}
