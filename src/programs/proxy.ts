/**
 * `warren proxy`: services that only exist behind a WireGuard tunnel, for everybody who reaches this process, which
 * needs no privilege at all.
 */
import { type Command, Option } from 'commander'

import { collected, durationText } from './options.ts'
import { registerStatus } from './proxy/register-status.ts'

export interface ProxyFlags {
  readonly config?: string
  readonly to?: string
  readonly listen?: string
  readonly route?: readonly string[]
  readonly tcp?: readonly string[]
  readonly udp?: readonly string[]
  readonly publish?: readonly string[]
  readonly socks?: readonly string[]
  readonly host?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly targetCa?: string
  readonly file?: string
  readonly operations?: string | true
  readonly probe?: string | true
  readonly accessLog?: 'none' | 'text' | 'json'
  readonly statusSocket?: string
  readonly drain?: string
  readonly watch?: true
  readonly check?: true
  readonly output: 'text' | 'json' | 'yaml'
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
  readonly logFormat?: 'text' | 'json'
  readonly stateDir?: string
}

export function register(program: Command): void {
  const proxy = program
    .command('proxy')
    .summary('reach services behind a WireGuard tunnel, without privileges')
    .description(
      'A reverse proxy to hosts that only exist behind a WireGuard tunnel. WireGuard and TCP/IP run inside this process: no TUN device, no capability, no kernel module.',
    )
  addWhat(proxy)
  addHow(proxy)
  proxy.addHelpText('after', EXAMPLES).action(async (flags: ProxyFlags) => {
    const { runProxy } = await import('./proxy/run-proxy.ts')
    await runProxy(flags)
  })
  registerStatus(proxy)
}

function addWhat(proxy: Command): void {
  const several = (flags: string, description: string): Option =>
    new Option(flags, `${description}; may be repeated`).argParser(collected)
  proxy
    .option('--config <file>', 'the tunnel: a file as for wg-quick (WIREGUARD_CONFIG_FNAME)')
    .option('--to <url>', 'the target, http:// or https://, its name known inside (PROXY_TO)')
    .option('--listen <address>', 'where --to is served (LISTEN; default ":8080")')
    .addOption(several('--route <listen=url>', 'one more HTTP target'))
    .addOption(several('--tcp <listen=host:port>', 'forward TCP into the tunnel'))
    .addOption(several('--udp <listen=host:port>', 'forward UDP into the tunnel'))
    .addOption(
      several('--publish <port=host:port>', 'the other way: a port inside the tunnel that leads here'),
    )
    .addOption(several('--socks <listen>', 'SOCKS5 into the tunnel, names included'))
    .option('--host <host>', '`Host` for HTTP targets: pass, rewrite, or a name (default "pass")')
    .option('--tls-cert <file>', 'speak TLS with HTTP clients: the certificate, PEM')
    .option('--tls-key <file>', 'and its key, PEM')
    .option('--target-ca <file>', 'authorities to trust for https:// targets, PEM')
    .option('--file <file>', 'all of this in a TunnelProxy file, instead')
}

function addHow(proxy: Command): void {
  proxy
    .option('--operations [listen]', '/healthz, /readyz, /metrics, /status (alone: 127.0.0.1:9090)')
    .option('--probe [path]', 'ready only if the HTTP targets take a connection, or answer PATH below 500')
    .addOption(
      new Option(
        '--access-log <format>',
        'a line per request on standard output (default: text on a terminal)',
      ).choices(['none', 'text', 'json']),
    )
    .option('--status-socket <path>', 'unix socket for `warren proxy status` (default: in XDG_RUNTIME_DIR)')
    .option(
      '--drain <time>',
      'how long requests may take to finish after SIGTERM (default 30s)',
      durationText,
    )
    .option('--watch', 'read everything again when a file changes, not only on SIGHUP')
    .option('--check', 'say what would be done, or all that is wrong, and exit')
    .addOption(
      new Option('-o, --output <format>', 'how --check prints it')
        .choices(['text', 'json', 'yaml'])
        .default('text'),
    )
    .addOption(
      new Option('--log-level <level>', 'what is worth a line on standard error')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'of these lines (default: text on a terminal, else json)').choices([
        'text',
        'json',
      ]),
    )
    .option('--state-dir <dir>', 'keep what outlives a clock that is set back; default: nothing is kept')
}

const EXAMPLES = `
Examples:
  warren proxy --config fly0.conf --to http://ollama.internal
  warren proxy --config fly0.conf --to http://ollama.internal --listen 127.0.0.1:9000 --check
  warren proxy --config fly0.conf --route :8081=http://grafana.internal:3000 \\
    --tcp 127.0.0.1:5432=db.internal:5432 --socks 127.0.0.1:1080 --operations
  warren proxy --config fly0.conf --publish 8080=127.0.0.1:3000
  warren proxy --file proxy.yaml --watch
  PROXY_TO=http://ollama.internal WIREGUARD_CONFIG_FNAME=fly0.conf LISTEN=:8080 warren proxy

PROXY_TO, WIREGUARD_CONFIG_FNAME and LISTEN are also read from .env in the working directory; the environment wins
over it, and flags win over both. SIGHUP reads everything again and keeps connections; SIGTERM and SIGINT stop
accepting, let requests finish and end; a second one ends at once.

Exit codes: 0 ended in good order, 1 by a second signal, 2 bad input, 69 something is missing here: a port is taken, say.`
