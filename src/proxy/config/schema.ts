/**
 * Kind TunnelProxy: the shape of the file, with what each field means (docs/reference/proxy.md is made from this).
 * Flags and the environment are put into the same shape. What the words in the fields mean is looked at in resolve.ts,
 * so that every mistake is told at once and not only the first kind of mistake.
 */
import { z } from 'zod'
import { DEFAULT_HTTP_LIMITS, DEFAULT_HTTP_TIMEOUTS } from '../http/http-route.ts'
import { DEFAULT_DRAIN_SECONDS } from './proxy-spec.ts'

const text = z.string().min(1).max(8192)
const seconds = z.number().min(0.001).max(86_400)
const many = 1000

const listen = text.describe('Where to listen: `:8080`, `127.0.0.1:8080` or `[::1]:8080`.')
const tunnel = text
  .optional()
  .describe('Through which of the `tunnels`; may be left out when there is only one.')
const hostPort = text.describe('HOST:PORT inside the tunnel; a name is asked of the tunnel’s own DNS.')

/** RFC 9110 §7.6.3: a pseudonym is a token, and may be a host with its port. Never a line end. */
const via = text
  .max(255)
  .regex(/^[\w.-]+(?::\d{1,5})?$/, 'expected letters, digits, ".", "_" and "-", and perhaps a port')

const serverTls = z.strictObject({
  cert: text.describe('PEM file: the certificate and those that lead to its authority.'),
  key: text.describe('PEM file: its key.'),
})

const targetTls = z.strictObject({
  ca: text.optional().describe('PEM file of the authorities to trust. Default: those that Node trusts.'),
  serverName: text.optional().describe('The name to ask for and to check. Default: the host of the URL.'),
})

/** How many, with the default that is meant where nothing is written. */
const count = (most: number, least = 1) => z.int().min(least).max(most)
const LIMITS = DEFAULT_HTTP_LIMITS
const MIB = 1024 * 1024

const limits = z.strictObject({
  requestLineBytes: count(MIB, 256).default(LIMITS.requestLineBytes).describe('Else 414.'),
  headBytes: count(MIB, 1024)
    .default(LIMITS.headBytes)
    .describe('The head of a request (else 431) or of an answer (else 502).'),
  fields: count(10_000).default(LIMITS.fields).describe('Fields of a head.'),
  bodyBytes: count(Number.MAX_SAFE_INTEGER, 0)
    .optional()
    .describe('The body of a request, else 413. Bodies are passed on, never kept; default: any.'),
  clients: count(1_000_000).default(LIMITS.clients).describe('Connections of clients at a time, else 503.'),
  requests: count(1_000_000).default(LIMITS.requests).describe('Requests at a time, else 503.'),
  requestsPerConnection: count(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Then a client has to connect again. Default: any.'),
  upstreamConnections: count(65_535)
    .default(LIMITS.upstreamConnections)
    .describe('Connections to the target at a time; beyond it requests wait.'),
  idleUpstreamConnections: count(65_535, 0)
    .default(LIMITS.idleUpstreamConnections)
    .describe('Connections to the target that are kept for the next request.'),
  waiting: count(1_000_000, 0)
    .default(LIMITS.waiting)
    .describe('Requests that wait for a connection to the target, else 503.'),
})

const TIMEOUTS = DEFAULT_HTTP_TIMEOUTS
const wait = (defaultMs: number) => seconds.default(defaultMs / 1000)

const timeouts = z.strictObject({
  requestHeadSeconds: wait(TIMEOUTS.requestHeadMs).describe(
    'From the first byte of a request to the end of its head, else 408.',
  ),
  clientIdleSeconds: wait(TIMEOUTS.clientIdleMs).describe('Between two requests of one client.'),
  queueSeconds: wait(TIMEOUTS.queueMs).describe(
    'For a connection to become free when no more may be opened, else 503.',
  ),
  connectSeconds: wait(TIMEOUTS.dialMs).describe('To reach the target: name, handshake and all, else 504.'),
  responseHeadSeconds: wait(TIMEOUTS.responseHeadMs).describe(
    'From the end of a request to the head of its answer, else 504.',
  ),
  requestBodyIdleSeconds: wait(TIMEOUTS.requestBodyIdleMs).describe(
    'Without a byte of a body that the client sends (else 408) or the target takes (else 504).',
  ),
  responseBodyIdleSeconds: wait(TIMEOUTS.responseBodyIdleMs).describe(
    'Without a byte of a body that the target sends or the client takes; then it is cut.',
  ),
  upstreamIdleSeconds: wait(TIMEOUTS.upstreamIdleMs).describe('Of a kept connection to the target.'),
  upgradedIdleSeconds: wait(TIMEOUTS.upgradedIdleMs).describe(
    'Of an upgraded connection (WebSocket) without a byte.',
  ),
  requestSeconds: seconds.optional().describe('A whole request. Default: as long as it takes.'),
})

const httpEntry = z.strictObject({
  listen,
  to: text.describe(
    'The target: `http://HOST[:PORT][/BASE]`, or `https://`. A name is asked of the tunnel’s DNS.',
  ),
  tunnel,
  host: text
    .optional()
    .describe(
      '`Host` for the target: `pass` on the client’s, `rewrite` to the target’s, or any NAME. Default `pass`.',
    ),
  tls: serverTls.optional().describe('Speak TLS with clients.'),
  targetTls: targetTls.optional().describe('How to check a target with https.'),
  forwarded: z.boolean().default(false).describe('Send `Forwarded` (RFC 7239) beside X-Forwarded-For.'),
  trustForwarded: z
    .boolean()
    .default(false)
    .describe('Clients are proxies of ours: their X-Forwarded-Host and -Proto stay.'),
  via: via.optional().describe('Our name in `Via`. Default: no `Via`.'),
  limits: limits.prefault({}).describe('What is refused.'),
  timeouts: timeouts.prefault({}).describe('How long to wait, for what.'),
})

const tcpEntry = z.strictObject({
  listen,
  to: hostPort,
  tunnel,
  idleSeconds: seconds.optional().describe('Without a byte in either direction. Default 3600.'),
})

const udpEntry = z.strictObject({
  listen,
  to: hostPort,
  tunnel,
  idleSeconds: seconds.optional().describe('A flow without a datagram is forgotten. Default 120.'),
})

const publishEntry = z.strictObject({
  port: z.int().min(1).max(65_535).describe('Port on the tunnel’s own addresses.'),
  to: text.describe('HOST:PORT as this machine sees it, for what arrives there.'),
  tunnel,
})

const socksEntry = z.strictObject({
  listen,
  tunnel,
  users: z
    .array(
      z.strictObject({
        name: text.describe('RFC 1929; at most 255 bytes.'),
        passwordFile: text.describe('The first line of this file is the password.'),
      }),
    )
    .min(1)
    .max(many)
    .optional()
    .describe('Who may. Default: everybody who gets there.'),
})

const operations = z.strictObject({
  listen: text
    .optional()
    .describe('Where `/healthz`, `/readyz`, `/metrics` and `/status` are served. Default: nowhere.'),
  probe: text
    .optional()
    .describe(
      'Ready only if every HTTP target can be reached too: `connect`, or a PATH that answers below 500.',
    ),
  probeSeconds: seconds.optional().describe('Between two probes. Default 10.'),
  accessLog: z
    .enum(['none', 'text', 'json'])
    .optional()
    .describe('A line for each request, on standard output. Default: text on a terminal, or else none.'),
  statusSocket: text
    .optional()
    .describe('Unix socket for `warren proxy status`. Default: one in XDG_RUNTIME_DIR, if that is set.'),
})

const tunnelProxySpec = z.strictObject({
  tunnels: z
    .array(
      z.strictObject({
        name: text.describe('What the other entries call it.'),
        config: text.describe('A file as for wg-quick. Relative to this file.'),
      }),
    )
    .max(64)
    .describe('The tunnels, one of them at least.'),
  http: z.array(httpEntry).max(many).default([]).describe('HTTP reverse proxies.'),
  tcp: z.array(tcpEntry).max(many).default([]).describe('TCP forwards into a tunnel.'),
  udp: z.array(udpEntry).max(many).default([]).describe('UDP forwards into a tunnel.'),
  publish: z
    .array(publishEntry)
    .max(many)
    .default([])
    .describe('TCP the other way: ports inside the tunnel that lead to this machine.'),
  socks: z
    .array(socksEntry)
    .max(many)
    .default([])
    .describe('SOCKS5 servers; names are asked inside the tunnel.'),
  operations: operations.default({}).describe('For whoever runs it.'),
  drainSeconds: seconds
    .default(DEFAULT_DRAIN_SECONDS)
    .describe('After SIGTERM, requests have this long to be finished.'),
})

/** RFC 1123 label: it becomes part of the name of a socket. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

export const tunnelProxy = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('TunnelProxy'),
  metadata: z.looseObject({
    name: z.string().regex(NAME, 'expected lower-case letters, digits and "-", at most 63'),
  }),
  spec: tunnelProxySpec,
})
