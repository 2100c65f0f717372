/**
 * `warren generate` of a /24, the whole command, beside a shell loop over `wg genkey` and `wg pubkey` that writes
 * files of the same names, sections and modes.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTool } from '../test/harness/tools.ts'
import { type Benchmark, type BenchContext, type BenchRow, medianOf, timed } from './benchmark.ts'

const RUNS = 7
const FILES = 254
const AT_LEAST_FASTER = 3
const WARREN = fileURLToPath(new URL('../bin/warren', import.meta.url))
const PLAN = fileURLToPath(new URL('../examples/kubernetes-24.yaml', import.meta.url))

/** As small as it can be said: no `date`, no `eval`, and only the two programs for each key. */
const LOOP = `
set -eu
umask 077
out=$1
mkdir -p "$out/hub"
server_key=$(wg genkey)
server_public=$(echo "$server_key" | wg pubkey)
peers=
number=2
while [ $number -le 254 ]; do
  key=$(wg genkey)
  public=$(echo "$key" | wg pubkey)
  mkdir -p "$out/peer-$number"
  cat > "$out/peer-$number/wg0.conf" <<END
[Interface]
# peer-$number
# PublicKey = $public
Address = 10.6.0.$number/24
PrivateKey = $key
ListenPort = 51820
MTU = 1420

[Peer]
# hub
PublicKey = $server_public
Endpoint = example.com:15220
AllowedIPs = 10.6.0.0/24
PersistentKeepalive = 25
END
  peers="$peers
[Peer]
# peer-$number
PublicKey = $public
AllowedIPs = 10.6.0.$number/32
"
  number=$((number + 1))
done
cat > "$out/hub/wg0.conf" <<END
[Interface]
# hub
# PublicKey = $server_public
Address = 10.6.0.1/24
PrivateKey = $server_key
ListenPort = 51820
MTU = 1420
$peers
END
`

export const benchmark: Benchmark = {
  title: 'generate',
  about:
    `${FILES} key pairs and wg-quick files for \`examples/kubernetes-24.yaml\`, from the start of the command to its ` +
    `end, beside a \`sh\` loop over \`wg genkey\` and \`wg pubkey\` that writes the same files. Median of ${RUNS} runs, ` +
    'taken in turn, into a folder that is empty each time; again: a second run of Warren, which has nothing to write.',
  async run(context) {
    const loop = findTool('wg') === undefined ? undefined : await measure('the shell loop', runLoop, context)
    const warren = await measure('warren', runWarren, context)
    const again = await measureAgain(context)
    const common = { unit: 'ms', better: 'less' } as const
    const rows: BenchRow[] = [
      {
        ...common,
        what: 'A /24',
        figures: { warren: warren.wallMs, 'shell loop': loop?.wallMs },
        ...(loop === undefined
          ? { note: 'no `wg` here; it is in the package wireguard-tools' }
          : { goal: loop.wallMs / AT_LEAST_FASTER }),
      },
      {
        ...common,
        what: 'Processor time of it',
        figures: { warren: warren.cpuMs, 'shell loop': loop?.cpuMs },
      },
      { ...common, what: 'The same again', figures: { warren: again } },
    ]
    return rows
  },
}

/** Milliseconds of processor time of all processes. */
function runWarren(out: string): number {
  return processorTime([WARREN, 'generate', PLAN, '--out', out])
}

function runLoop(out: string): number {
  return processorTime(['sh', '-c', LOOP, 'loop', out])
}

/** `times` (POSIX XCU 2.14) prints two lines of user and system time: the shell's own and its children's. */
function processorTime(command: readonly string[]): number {
  const script = '"$@" >/dev/null 2>&1 && times'
  const output = execFileSync('sh', ['-c', script, 'times', ...command], { encoding: 'utf8' })
  const parts = [...(output.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
}

interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
}

async function measure(name: string, work: (out: string) => number, { say }: BenchContext): Promise<Cost> {
  say(name)
  const cpu: number[] = []
  const wallMs = await medianOf(RUNS, () =>
    inEmptyFolder(async (out) => {
      const milliseconds = await timed(() => cpu.push(work(out)))
      const files = readdirSync(out, { recursive: true }).filter((path) => String(path).endsWith('.conf'))
      if (files.length !== FILES) throw new Error(`${name} wrote ${files.length} files instead of ${FILES}`)
      return milliseconds
    }),
  )
  return { wallMs, cpuMs: await medianOf(RUNS, () => cpu.pop() ?? Number.NaN) }
}

function measureAgain({ say }: BenchContext): Promise<number> {
  say('warren again')
  return inEmptyFolder((out) => {
    runWarren(out)
    return medianOf(RUNS, () => timed(() => runWarren(out)))
  })
}

async function inEmptyFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
