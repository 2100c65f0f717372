/**
 * The words of a ProxySpec → a ProxyConfig, or everything that is wrong with them. Reads the files that are
 * named and opens nothing else.
 */
import { checkTargets } from './check-targets.ts'
import type { HttpRoute } from '../http/http-route.ts'
import type { Findings } from './findings.ts'
import { routeOf } from './http-settings.ts'
import { collides, formatListen, isLoopback, type ListenAt, parseHostPort, parseListen } from './listen-at.ts'
import type { HttpEntry, OperationsEntry, ProxyConfig, PublishEntry, SocksEntry } from './proxy-config.ts'
import type { ForwardEntry } from './proxy-config.ts'
import type { ReadFile } from './read-file.ts'
import {
  digestOf,
  NamedFiles,
  readServerTls,
  readTargetTls,
  readTunnels,
  readUsers,
  type Reading,
} from './resolve-files.ts'
import type {
  ForwardSpec,
  HttpSpec,
  OperationsSpec,
  ProxySpec,
  PublishSpec,
  SocksSpec,
} from './proxy-spec.ts'
import { parseTargetUrl, type TargetUrl } from './target-url.ts'

export interface ResolveOptions {
  readonly name: string
  readonly findings: Findings
  /** Relative names of files are relative to it. */
  readonly folder: string
  readonly read: ReadFile
}

/** Use it only when no finding is an error. */
export async function resolveSpec(
  spec: ProxySpec,
  { name, findings, folder, read }: ResolveOptions,
): Promise<ProxyConfig> {
  const files = new NamedFiles({ read, folder, findings })
  const resolver = new Resolver(spec, { files, findings })
  if (spec.tunnels.length === 0)
    findings.add({
      code: 'NoTunnel',
      field: 'spec.tunnels',
      message: 'no WireGuard configuration is named',
      hint: 'Add --config FILE or WIREGUARD_CONFIG_FNAME; in a file, an entry with `name` and `config`.',
    })
  const tunnels = await readTunnels(spec.tunnels, { files, findings })
  const config: ProxyConfig = {
    name,
    tunnels,
    http: await inTurn(spec.http, (entry, index) => resolver.http(entry, `spec.http[${index}]`)),
    tcp: spec.tcp.map((entry, index) => resolver.forward(entry, `spec.tcp[${index}]`)),
    udp: spec.udp.map((entry, index) => resolver.forward(entry, `spec.udp[${index}]`)),
    publish: spec.publish.map((entry, index) => resolver.publish(entry, `spec.publish[${index}]`)),
    socks: await inTurn(spec.socks, (entry, index) => resolver.socks(entry, `spec.socks[${index}]`)),
    operations: resolver.operations(spec.operations),
    drainMs: spec.drainSeconds * 1000,
    files: files.paths,
  }
  checkTogether(config, findings)
  checkTargets(config, findings)
  return config
}

class Resolver {
  readonly #spec: ProxySpec
  readonly #reading: Reading
  readonly #findings: Findings

  constructor(spec: ProxySpec, reading: Reading) {
    this.#spec = spec
    this.#reading = reading
    this.#findings = reading.findings
  }

  async http(entry: HttpSpec, field: string): Promise<HttpEntry> {
    const target = this.#target(entry.to, `${field}.to`)
    if (entry.targetTls !== undefined && target.scheme === 'http')
      this.#findings.add({
        code: 'FieldConflict',
        field: `${field}.targetTls`,
        message: 'means nothing for a target with http://',
        hint: 'Write https:// in `to`, or leave it out.',
      })
    return {
      listen: this.#listen(entry.listen, `${field}.listen`),
      tunnel: this.#tunnel(entry.tunnel, `${field}.tunnel`),
      target,
      route: routeOf(entry, { target, hostHeader: this.#hostHeader(entry.host ?? 'pass', `${field}.host`) }),
      tls: await readServerTls(entry.tls, `${field}.tls`, this.#reading),
      targetTls: await readTargetTls(entry.targetTls, `${field}.targetTls`, this.#reading),
    }
  }

  forward(entry: ForwardSpec, field: string): ForwardEntry {
    return {
      listen: this.#listen(entry.listen, `${field}.listen`),
      to: this.#hostPort(entry.to, `${field}.to`),
      tunnel: this.#tunnel(entry.tunnel, `${field}.tunnel`),
      idleMs: entry.idleSeconds === undefined ? undefined : entry.idleSeconds * 1000,
    }
  }

  publish(entry: PublishSpec, field: string): PublishEntry {
    const to = this.#hostPort(entry.to, `${field}.to`)
    return { port: entry.port, to, tunnel: this.#tunnel(entry.tunnel, `${field}.tunnel`) }
  }

  async socks(entry: SocksSpec, field: string): Promise<SocksEntry> {
    const listen = this.#listen(entry.listen, `${field}.listen`)
    if (entry.users === undefined && listen !== NOWHERE && !isLoopback(listen))
      this.#findings.add({
        code: 'OpenToAll',
        field: `${field}.listen`,
        message: `whoever reaches ${formatListen(listen)} gets into the tunnel: no users are named`,
        hint: 'Listen on 127.0.0.1, or name `users` in a file.',
        severity: 'warning',
      })
    const users = await readUsers(entry.users, `${field}.users`, this.#reading)
    const secrets = users?.map(({ name, password }) => `${name}\0${password.reveal()}`).join('\0') ?? ''
    return { listen, tunnel: this.#tunnel(entry.tunnel, `${field}.tunnel`), users, digest: digestOf(secrets) }
  }

  operations(spec: OperationsSpec): OperationsEntry {
    const { probe, probeSeconds = 10, accessLog, statusSocket } = spec
    if (probe !== undefined && probe !== 'connect' && !/^\/[\x21-\x7e]*$/.test(probe))
      this.#findings.add({
        code: 'InvalidValue',
        field: 'spec.operations.probe',
        message: 'expected `connect` or a path',
        hint: 'Write connect, or a path such as /healthz.',
      })
    return {
      listen: spec.listen === undefined ? undefined : this.#listen(spec.listen, 'spec.operations.listen'),
      probe: probe === undefined || probe === 'connect' ? probe : { path: probe },
      probeMs: probeSeconds * 1000,
      accessLog,
      statusSocket,
    }
  }

  #listen(text: string, field: string): ListenAt {
    const listen = parseListen(text)
    if (listen !== undefined) return listen
    this.#findings.add({
      code: 'InvalidListen',
      field,
      message: 'not an address to listen on',
      hint: /^\d{1,5}$/.test(text)
        ? `Write :${text} for every address of this machine, or 127.0.0.1:${text}.`
        : 'Write :8080, 127.0.0.1:8080 or [::1]:8080.',
    })
    return NOWHERE
  }

  #target(text: string, field: string): TargetUrl {
    const parsed = parseTargetUrl(text)
    switch (parsed.kind) {
      case 'target':
        for (const part of parsed.unsent)
          this.#findings.add({
            code: 'NotSent',
            field,
            message: `${part} in it: not sent`,
            severity: 'warning',
          })
        return parsed.target
      case 'scheme':
        this.#findings.add({
          code: 'UnsupportedScheme',
          field,
          message: `unsupported scheme: ${parsed.scheme}`,
          hint: 'Use http:// or https://, or forward the bytes with --tcp LISTEN=HOST:PORT.',
        })
        return NO_TARGET
      case 'malformed':
        this.#findings.add({ code: 'InvalidTarget', field, message: parsed.why, hint: parsed.hint })
        return NO_TARGET
    }
  }

  #hostPort(text: string, field: string): { readonly host: string; readonly port: number } {
    const parsed = parseHostPort(text)
    if (parsed !== undefined) return parsed
    this.#findings.add({
      code: 'InvalidTarget',
      field,
      message: 'not HOST:PORT',
      hint: 'Write db.internal:5432, 10.0.0.7:5432 or [fd00::7]:5432.',
    })
    return NO_TARGET
  }

  /** A name as it is, of several the one that is named. */
  #tunnel(named: string | undefined, field: string): string {
    const names = this.#spec.tunnels.map(({ name }) => name)
    const name = named ?? (names.length === 1 ? names[0] : undefined)
    if (name !== undefined && names.includes(name)) return name
    // Without any, that is said once.
    if (names.length > 0)
      this.#findings.add({
        code: 'UnknownTunnel',
        field,
        message:
          named === undefined ? 'there are several tunnels: which one?' : `there is no tunnel ${named}`,
        hint: `Write one of ${names.slice(0, 8).join(', ')}.`,
      })
    return ''
  }

  #hostHeader(text: string, field: string): HttpRoute['hostHeader'] {
    if (text === 'pass' || text === 'rewrite') return text
    if (/^(?:\[[\da-f:.]+\]|[\w.-]{1,253})(?::\d{1,5})?$/i.test(text)) return { name: text }
    const message = 'expected pass, rewrite or the name of a host'
    this.#findings.add({ code: 'InvalidValue', field, message })
    return 'pass'
  }
}

const NOWHERE: ListenAt = { host: '', port: 0 }
const NO_TARGET: TargetUrl = { scheme: 'http', host: '', port: 0, basePath: '', query: '' }

function checkTogether(config: ProxyConfig, findings: Findings): void {
  const { http, tcp, udp, publish, socks, operations, tunnels } = config
  if (http.length + tcp.length + udp.length + publish.length + socks.length === 0)
    findings.add({
      code: 'NoRoutes',
      field: 'spec.http',
      message: 'nothing to do: no target is named',
      hint: 'Add --to URL (or PROXY_TO), --route, --tcp, --udp, --publish or --socks.',
    })
  const streams = [
    ...http.map(({ listen }, index) => ({ listen, field: `spec.http[${index}].listen` })),
    ...tcp.map(({ listen }, index) => ({ listen, field: `spec.tcp[${index}].listen` })),
    ...socks.map(({ listen }, index) => ({ listen, field: `spec.socks[${index}].listen` })),
    ...(operations.listen === undefined
      ? []
      : [{ listen: operations.listen, field: 'spec.operations.listen' }]),
  ]
  checkOuterPorts(tunnels, findings)
  checkDistinct(streams, findings)
  checkDistinct(
    udp.map(({ listen }, index) => ({ listen, field: `spec.udp[${index}].listen` })),
    findings,
  )
  for (const { name } of tunnels)
    checkDistinct(
      publish.flatMap(({ port, tunnel }, index) =>
        tunnel === name ? [{ listen: { host: name, port }, field: `spec.publish[${index}].port` }] : [],
      ),
      findings,
    )
}

/** A random one is nobody's. Of one file twice, or of copies of it. */
function checkOuterPorts(tunnels: ProxyConfig['tunnels'], findings: Findings): void {
  for (const [index, { settings }] of tunnels.entries()) {
    const { listenPort } = settings
    const other = tunnels.slice(0, index).find((before) => before.settings.listenPort === listenPort)
    if (listenPort === 0 || other === undefined) continue
    findings.add({
      code: 'DuplicateListen',
      field: `spec.tunnels[${index}].config`,
      message: `its ListenPort ${listenPort} is that of the tunnel ${other.name} already`,
      hint: 'Give one of them another port, or leave it out.',
    })
  }
}

function checkDistinct(
  all: readonly { readonly listen: ListenAt; readonly field: string }[],
  findings: Findings,
): void {
  const byPort = Map.groupBy(all, ({ listen }) => listen.port)
  for (const same of byPort.values())
    for (const [index, { listen, field }] of same.entries()) {
      const other = same.slice(0, index).find((before) => collides(before.listen, listen))
      if (other === undefined) continue
      const message = `${formatListen(listen)} is taken by ${findings.nameOf(other.field)} already`
      findings.add({ code: 'DuplicateListen', field, message, hint: 'Give one of them another port.' })
    }
}

async function inTurn<T, U>(all: readonly T[], one: (item: T, index: number) => Promise<U>): Promise<U[]> {
  const done: U[] = []
  for (const [index, item] of all.entries()) done.push(await one(item, index))
  return done
}
