/** What `warren proxy` does: looks at what it was told, and then either says what it would do or does it until a signal. */
import { readFileSync, writeSync } from 'node:fs'
import type { Problem } from '../../model/index.ts'
import {
  type ConfigSources,
  describePlan,
  FileWatch,
  loadProxyConfig,
  openProxyProcess,
  type ProxyConfig,
  type ProxyProcess,
} from '../../proxy/index.ts'
import { BadInput, EXIT, MissingHere } from '../exit.ts'
import type { ProxyFlags } from '../proxy.ts'
import { formatProblems } from '../terminal/problems.ts'
import { standardError } from '../terminal/terminal.ts'

const STANDARD_ERROR = 2
/** `--operations` alone: for this machine only. */
const OPERATIONS = '127.0.0.1:9090'

export async function runProxy(flags: ProxyFlags): Promise<void> {
  const load = () => loadProxyConfig(sourcesOf(flags))
  const { config, problems } = await load()
  if (config === undefined) throw new BadInput(problems)
  if (flags.check === true) await check(config, { problems, output: flags.output })
  else await serve(config, { problems, flags, load })
}

function sourcesOf(flags: ProxyFlags): ConfigSources {
  const { config, to, listen, route, tcp, udp, publish, socks, host, tlsCert, tlsKey, targetCa } = flags
  const { operations, probe, accessLog, statusSocket, drain } = flags
  return {
    options: { config, to, listen, route, tcp, udp, publish, socks, host, tlsCert, tlsKey, targetCa },
    operations: {
      operations: operations === true ? OPERATIONS : operations,
      probe: probe === true ? 'connect' : probe,
      accessLog,
      statusSocket,
      drainSeconds: drain === undefined ? undefined : Number(drain),
    },
    file: flags.file,
    environment: process.env,
    folder: process.cwd(),
  }
}

async function check(
  config: ProxyConfig,
  { problems, output }: { readonly problems: readonly Problem[]; readonly output: 'text' | 'json' | 'yaml' },
): Promise<void> {
  if (problems.length > 0) process.stderr.write(formatProblems(problems, standardError()))
  const planned = describePlan(config)
  if (output === 'text') {
    const { formatPlanned } = await import('./format-planned.ts')
    process.stdout.write(formatPlanned(planned))
  } else {
    const { formatStructured } = await import('../terminal/structured.ts')
    process.stdout.write(await formatStructured(planned, output))
  }
}

interface Serving {
  readonly problems: readonly Problem[]
  readonly flags: ProxyFlags
  readonly load: () => ReturnType<typeof loadProxyConfig>
}

async function serve(config: ProxyConfig, { problems, flags, load }: Serving): Promise<void> {
  const isTerminal = process.stderr.isTTY
  const proxy = await openProxyProcess({
    ...{ version: readVersion(), load, runtimeFolder: process.env['XDG_RUNTIME_DIR'] },
    ...{ stateFolder: flags.stateDir, engine: engineOf(process.env['WARREN_PROXY_ENGINE']) },
    log: { format: flags.logFormat ?? (isTerminal ? 'text' : 'json'), level: flags.logLevel },
    accessLog: process.stdout.isTTY ? 'text' : 'none',
  })
  const ended = new Promise<void>((resolve) => onSignals(proxy, resolve))
  const applied = await proxy.start(config, problems)
  if (applied.kind === 'refused') {
    await proxy.close()
    throw new MissingHere(applied.why.join('\nwarren: '))
  }
  const watch = flags.watch === true ? watchFiles(proxy) : undefined
  await ended
  watch?.close()
  await proxy.close()
}

function engineOf(text: string | undefined): 'native' | 'plain' | undefined {
  if (text === undefined || text === '') return undefined
  if (text === 'native' || text === 'plain') return text
  throw new BadInput([
    { code: 'InvalidValue', path: 'WARREN_PROXY_ENGINE', message: 'expected native or plain' },
  ])
}

/** Which files there are may change with each of them. */
function watchFiles(proxy: ProxyProcess): FileWatch {
  const watch: FileWatch = new FileWatch(() => {
    void proxy.reload().then(look)
  })
  const look = (): void => proxy.cannotWatch(watch.watch(proxy.files))
  look()
  return watch
}

/** The first of SIGTERM and SIGINT ends in good order, the second at once. */
function onSignals(proxy: ProxyProcess, ended: () => void): void {
  let isEnding = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (isEnding) end(proxy, EXIT.differs)
      isEnding = true
      void proxy.drain().then(ended)
    })
  process.on('SIGHUP', () => void proxy.reload())
  process.on('uncaughtException', (error) => {
    proxy.closeLogs()
    writeSync(STANDARD_ERROR, `warren: ${error.stack ?? error.message}\n`)
    process.exit(EXIT.bug)
  })
}

function end(proxy: ProxyProcess, code: number): never {
  proxy.closeLogs()
  process.exit(code)
}

function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
