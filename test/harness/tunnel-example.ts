/**
 * How a program of ours uses a tunnel: `tunnel-example.ts FILE HOST` prints a page from behind it, and serves a greeting
 * on port 7777 inside. No privilege is needed. docs/decisions/0014-tunnel-in-a-process.md says why it is so.
 */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { asDuplex, openEngine } from '../../src/sockets/index.ts'
import { openTunnel, parseTunnelSettings } from '../../src/tunnel/index.ts'

const [file = '', host = ''] = process.argv.slice(2)
const { settings, problems } = parseTunnelSettings(readFileSync(file, 'utf8'), { path: file })
if (settings === undefined) throw new Error(JSON.stringify(problems))

const engine = openEngine()
const tunnel = await openTunnel({ settings, engine, pool: engine.pool })

tunnel.listen({ port: 7777, onConnection: (stream) => asDuplex(stream).end('hello from inside\n') })

const page = asDuplex(await tunnel.connect({ host, port: 80 }))
page.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
console.log(await text(page))

await tunnel.close({ drainMs: 5_000 })
engine.close()
