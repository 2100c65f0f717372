/** A proxy's status as text: a line on the whole, then its tunnels, then its routes. Pure. */
import { formatTable } from '../terminal/table.ts'
import type { Paint } from '../terminal/paint.ts'
import type { ProxyStatus } from '../../proxy/index.ts'

export function formatStatus(status: ProxyStatus, { paint, nowMs }: { paint: Paint; nowMs: number }): string {
  return [
    headOf(status, paint, nowMs),
    tunnelsOf(status, paint, nowMs),
    routesOf(status, paint),
    ...configurationTrouble(status, paint),
  ].join('\n')
}

function headOf(status: ProxyStatus, paint: Paint, nowMs: number): string {
  const { name, phase, ready, reasons, pid, version, engine, startedAtMs, memory, configuration } = status
  const word = ready ? paint.green('ready') : paint.yellow('not ready')
  const state = phase === 'running' ? word : `${phase}, ${word}`
  const facts = [
    `pid ${pid}`,
    `version ${version}`,
    `${engine} engine`,
    `up ${formatAge(nowMs - startedAtMs)}`,
    `${formatBytes(memory.residentBytes)} resident`,
    `configuration ${configuration.generation}`,
  ]
  const why = reasons.map((reason) => `  ${reason}\n`).join('')
  return `${paint.bold(name)}: ${state}\n${why}  ${paint.dim(facts.join(', '))}\n`
}

function tunnelsOf({ tunnels }: ProxyStatus, paint: Paint, nowMs: number): string {
  const rows = tunnels.flatMap(({ name, peers, connections }) =>
    peers.map((peer) => [
      name,
      `${peer.publicKey.slice(0, 8)}…`,
      peer.state === 'up' ? paint.green(peer.state) : paint.yellow(peer.state),
      peer.endpoint ?? peer.configuredEndpoint ?? '-',
      peer.latestHandshakeMs === undefined ? 'never' : `${formatAge(nowMs - peer.latestHandshakeMs)} ago`,
      formatBytes(peer.rxBytes),
      formatBytes(peer.txBytes),
      String(connections),
      peer.trouble ?? '',
    ]),
  )
  const header = ['TUNNEL', 'PEER', 'STATE', 'ENDPOINT', 'HANDSHAKE', 'RECEIVED', 'SENT', 'CONNECTIONS', '']
  return formatTable(header, rows, paint)
}

function routesOf({ routes }: ProxyStatus, paint: Paint): string {
  const rows = routes.map(({ kind, listen, to, tunnel, connections, http, errors, ...route }) => [
    kind,
    listen,
    to ?? '-',
    tunnel,
    `${connections}/${route.connectionsTotal}`,
    http === undefined ? '-' : String(http.requests),
    formatErrors(errors, paint),
    formatBytes(route.receivedBytes),
    formatBytes(route.sentBytes),
  ])
  const header = ['ROUTE', 'LISTEN', 'TO', 'TUNNEL', 'CONNECTIONS', 'REQUESTS', 'ERRORS', 'RECEIVED', 'SENT']
  return formatTable(header, rows, paint)
}

function formatErrors(errors: Readonly<Record<string, number>>, paint: Paint): string {
  const all = Object.entries(errors)
  const total = all.reduce((sum, [, count]) => sum + count, 0)
  const [most] = all.toSorted(([, a], [, b]) => b - a)
  if (most === undefined) return '0'
  return paint.yellow(all.length === 1 ? `${total} ${most[0]}` : `${total}, most ${most[0]}`)
}

function configurationTrouble({ configuration }: ProxyStatus, paint: Paint): string[] {
  if (configuration.trouble.length === 0) return []
  const head = paint.red('the last configuration was refused; the one before it is in force:')
  return [`${head}\n${configuration.trouble.map((why) => `  ${why}\n`).join('')}`]
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`
}
