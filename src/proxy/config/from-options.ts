/**
 * Flags and the environment → the value that a TunnelProxy file would hold, and by which name the user knows each of
 * its fields: a mistake in `spec.http[1].to` is one in `--route`.
 */
import type { Problem } from '../../model/index.ts'
import type { EnvironmentOptions } from './dot-env.ts'
import type { HttpSpec, OperationsSpec, ProxySpec } from './proxy-spec.ts'

export interface ProxyOptions {
  readonly config?: string | undefined
  readonly to?: string | undefined
  readonly listen?: string | undefined
  /** LISTEN=URL, and so on. */
  readonly route?: readonly string[] | undefined
  readonly tcp?: readonly string[] | undefined
  readonly udp?: readonly string[] | undefined
  readonly publish?: readonly string[] | undefined
  readonly socks?: readonly string[] | undefined
  readonly host?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly targetCa?: string | undefined
}

/** What may stand beside a file, and then wins over it. */
export interface OperationsOptions {
  readonly operations?: string | undefined
  readonly probe?: string | undefined
  readonly accessLog?: 'none' | 'text' | 'json' | undefined
  readonly statusSocket?: string | undefined
  readonly drainSeconds?: number | undefined
}

export interface FromOptions {
  readonly lists: Omit<ProxySpec, 'operations' | 'drainSeconds'>
  /** From `spec.http[0].to` to `--to`. */
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

/** Only one tunnel can be named by flags. */
export const ONLY_TUNNEL = 'default'
const DEFAULT_LISTEN = ':8080'

export function specFromOptions(options: ProxyOptions, environment: EnvironmentOptions): FromOptions {
  const draft = new Draft()
  const one = (name: keyof EnvironmentOptions) => {
    const flag = options[name]
    return flag === undefined ? environment[name] : { value: flag, origin: `--${name}` }
  }
  const [config, to, listen] = [one('config'), one('to'), one('listen')]
  const shared = sharedHttp(options, draft)
  if (config !== undefined)
    draft.add('tunnels', { name: ONLY_TUNNEL, config: config.value }, { config: config.origin })
  if (to !== undefined)
    draft.add(
      'http',
      { listen: listen?.value ?? DEFAULT_LISTEN, to: to.value, ...shared },
      { listen: listen?.origin ?? '--listen', to: to.origin, ...SHARED_ORIGINS },
    )
  else if (options.listen !== undefined) draft.problems.push(LISTEN_ALONE)
  for (const [text, origin] of each(options.route, '--route'))
    draft.addPair('http', text, { origin, form: 'LISTEN=URL', rest: shared })
  for (const [text, origin] of each(options.tcp, '--tcp'))
    draft.addPair('tcp', text, { origin, form: 'LISTEN=HOST:PORT' })
  for (const [text, origin] of each(options.udp, '--udp'))
    draft.addPair('udp', text, { origin, form: 'LISTEN=HOST:PORT' })
  for (const [text, origin] of each(options.publish, '--publish'))
    draft.addPair('publish', text, { origin, form: 'PORT=HOST:PORT', key: 'port' })
  for (const [text, origin] of each(options.socks, '--socks'))
    draft.add('socks', { listen: text }, { listen: origin })
  return { lists: draft.lists, origins: draft.origins, problems: draft.problems }
}

/** Only what is given, so that it can be laid over what a file says. */
export function operationsFromOptions(options: OperationsOptions): {
  readonly operations: OperationsSpec
  readonly drainSeconds: number | undefined
  readonly origins: ReadonlyMap<string, string>
} {
  const { operations: listen, probe, accessLog, statusSocket, drainSeconds } = options
  const given = Object.entries({ listen, probe, accessLog, statusSocket }).filter(
    ([, value]) => value !== undefined,
  )
  return {
    operations: Object.fromEntries(given),
    drainSeconds,
    origins: new Map(given.map(([field]) => [`spec.operations.${field}`, FLAGS[field] ?? field])),
  }
}

const FLAGS: Readonly<Record<string, string>> = {
  listen: '--operations',
  probe: '--probe',
  accessLog: '--access-log',
  statusSocket: '--status-socket',
}

const SHARED_ORIGINS = { host: '--host', tls: '--tls-cert', targetTls: '--target-ca' } as const

function sharedHttp(options: ProxyOptions, draft: Draft): Partial<HttpSpec> {
  const { host, tlsCert: cert, tlsKey: key, targetCa: ca } = options
  if ((cert === undefined) !== (key === undefined)) draft.problems.push(HALF_TLS)
  return {
    ...(host === undefined ? {} : { host }),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
    ...(ca === undefined ? {} : { targetTls: { ca } }),
  }
}

type Lists = { -readonly [List in keyof FromOptions['lists']]: FromOptions['lists'][List][number][] }
type List = keyof Lists

interface Pair {
  readonly origin: string
  readonly form: string
  readonly key?: 'listen' | 'port'
  readonly rest?: Readonly<Record<string, unknown>>
}

class Draft {
  /** What is missing as a whole is known by the flag that would bring it. */
  readonly origins = new Map([
    ['spec.http', '--to'],
    ['spec.tunnels', '--config'],
  ])
  readonly problems: Problem[] = []
  readonly lists: Lists = { tunnels: [], http: [], tcp: [], udp: [], publish: [], socks: [] }

  add(list: List, entry: Readonly<Record<string, unknown>>, origins: Readonly<Record<string, string>>): void {
    const path = `spec.${list}[${this.lists[list].length}]`
    for (const [field, origin] of Object.entries(origins)) this.origins.set(`${path}.${field}`, origin)
    // Each list gets the fields of its own entries: see the callers.
    this.lists[list].push(entry as never)
  }

  /** Neither an address to listen on nor a port has an equals sign in it; a URL may. */
  addPair(list: List, text: string, { origin, form, key = 'listen', rest = {} }: Pair): void {
    const equals = text.indexOf('=')
    const first = text.slice(0, equals)
    if (equals < 1 || (key === 'port' && !isPort(first))) {
      this.problems.push({
        code: 'InvalidValue',
        path: origin,
        message: `expected ${form}`,
        hint: `As in ${EXAMPLES[form] ?? form}.`,
      })
      return
    }
    const value = key === 'port' ? Number(first) : first
    const origins = { [key]: origin, to: origin, ...(list === 'http' ? SHARED_ORIGINS : {}) }
    this.add(list, { [key]: value, to: text.slice(equals + 1), ...rest }, origins)
  }
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536

const EXAMPLES: Readonly<Record<string, string>> = {
  'LISTEN=URL': ':8081=http://grafana.internal:3000',
  'LISTEN=HOST:PORT': '127.0.0.1:5432=db.internal:5432',
  'PORT=HOST:PORT': '8080=127.0.0.1:3000',
}

/** With its number when the flag is repeated. */
function each(texts: readonly string[] | undefined, flag: string): readonly (readonly [string, string])[] {
  const many = texts !== undefined && texts.length > 1
  return (texts ?? []).map((text, index) => [text, many ? `${flag} (number ${index + 1})` : flag])
}

const LISTEN_ALONE: Problem = {
  code: 'MissingField',
  path: '--listen',
  message: 'goes with --to',
  hint: 'Add --to URL, or write --route LISTEN=URL.',
}

const HALF_TLS: Problem = {
  code: 'MissingField',
  path: '--tls-cert',
  message: 'a certificate and its key go together',
  hint: 'Give both --tls-cert and --tls-key.',
}
