/** What a proxy would do, as text. Pure. */
import type { PlannedProxy } from '../../proxy/index.ts'
import { formatTable } from '../terminal/table.ts'
import { paintFor } from '../terminal/paint.ts'

const PLAIN = paintFor({ colour: false })

export function formatPlanned({ tunnels, routes, operations, drainSeconds }: PlannedProxy): string {
  const peers = tunnels.flatMap(({ name, addresses, dns, mtu, peers }) =>
    peers.map(({ publicKey, endpoint, allowedIPs }) => [
      name,
      addresses.join(','),
      dns.join(',') || '-',
      String(mtu),
      `${publicKey.slice(0, 8)}…`,
      endpoint ?? '-',
      allowedIPs.join(',') || '-',
    ]),
  )
  const header = ['TUNNEL', 'ADDRESSES', 'DNS', 'MTU', 'PEER', 'ENDPOINT', 'ALLOWED']
  const rows = routes.map(({ kind, listen, to, tunnel, notes }) => [
    kind,
    listen,
    to ?? '-',
    tunnel,
    notes.join(', '),
  ])
  const beside =
    operations.listen === null
      ? 'no operations listener'
      : `operations on ${operations.listen}${operations.probe === null ? '' : `, probe ${operations.probe}`}`
  return [
    formatTable(header, peers, PLAIN),
    formatTable(['ROUTE', 'LISTEN', 'TO', 'TUNNEL', ''], rows, PLAIN),
    `${beside}; ${drainSeconds} s to drain\n`,
  ].join('\n')
}
