/**
 * Flags and the environment → the value that a TunnelProxy file would hold, and by which name the user knows each of
 * its fields: a mistake in `spec.http[1].to` is one in `--route`.
 */
import type { Problem } from '../../model/index.ts'
import type { EnvironmentOptions } from './dot-env.ts'

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
  /** As in a file; not checked yet. */
  readonly value: Readonly<Record<string, unknown>>
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
  return { value: draft.value(), origins: draft.origins, problems: draft.problems }
}

/** Over what a file says. */
export function operationsFromOptions(options: OperationsOptions): Pick<FromOptions, 'value' | 'origins'> {
  const { operations: listen, probe, accessLog, statusSocket, drainSeconds } = options
  const fields = { listen, probe, accessLog, statusSocket }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return {
    value: { operations: given, ...(drainSeconds === undefined ? {} : { drainSeconds }) },
    origins: new Map([
      ['spec.operations.listen', '--operations'],
      ['spec.operations.probe', '--probe'],
      ['spec.operations.statusSocket', '--status-socket'],
      ['spec.drainSeconds', '--drain'],
    ]),
  }
}

const SHARED_ORIGINS = { host: '--host', tls: '--tls-cert', targetTls: '--target-ca' } as const

function sharedHttp(options: ProxyOptions, draft: Draft): Record<string, unknown> {
  const { host, tlsCert: cert, tlsKey: key, targetCa: ca } = options
  if ((cert === undefined) !== (key === undefined)) draft.problems.push(HALF_TLS)
  return {
    ...(host === undefined ? {} : { host }),
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
    ...(ca === undefined ? {} : { targetTls: { ca } }),
  }
}

type List = 'tunnels' | 'http' | 'tcp' | 'udp' | 'publish' | 'socks'

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
  readonly #lists: Record<List, unknown[]> = {
    tunnels: [],
    http: [],
    tcp: [],
    udp: [],
    publish: [],
    socks: [],
  }

  add(list: List, entry: Readonly<Record<string, unknown>>, origins: Readonly<Record<string, string>>): void {
    const path = `spec.${list}[${this.#lists[list].length}]`
    for (const [field, origin] of Object.entries(origins)) this.origins.set(`${path}.${field}`, origin)
    this.#lists[list].push(entry)
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

  value(): Readonly<Record<string, unknown>> {
    return this.#lists
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
  message: '--tls-cert and --tls-key go together',
  hint: 'Give both.',
}
