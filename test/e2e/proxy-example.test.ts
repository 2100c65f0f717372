/**
 * What the guide begins with, as a plain user with nothing but loopback, no privilege and no WireGuard: typed as it
 * stands there, and by examples/proxy/try.sh.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chownSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { needs } from '../harness/needs.ts'
import { withoutAccidents } from './play-guide.ts'
import { type Ended, temporaryDirectory } from './run-warren.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const SCRIPT = join(REPOSITORY, 'examples/proxy/try.sh')
const GUIDE = join(REPOSITORY, 'docs/guides/userspace-proxy.md')
const NOBODY = 65534
const PROXY_ALONE = {
  ...needs({ root: true, tools: ['unshare', 'nsenter', 'setpriv', 'curl', 'python3', 'bash'] }),
  timeout: patiently(90_000),
}
const PAGE = '<h1>A page behind the tunnel</h1>\n'

test(
  'GL-04 a newcomer’s page comes through a tunnel on one machine, as nobody and without any privilege',
  PROXY_ALONE,
  async (t) => {
    const { status, stdout, stderr } = await asNobody(t, [SCRIPT, '--once'])
    assert.equal(stdout, PAGE, stderr)
    assert.equal(status, 0, stderr)
  },
)

test(
  'the five minutes of the guide, typed as they stand: every promised output comes',
  PROXY_ALONE,
  async (t) => {
    const typed = commandsOf(readFileSync(GUIDE, 'utf8'))
    assert.ok(typed.length > 6)
    const { stdout, stderr } = await asNobody(t, ['bash', '-c', scriptOf(typed)])
    const shown = stdout.split(MARK).slice(1)
    for (const [index, { command, output }] of typed.entries())
      if (!command.endsWith('&'))
        assert.equal(withoutAccidents(shown[index] ?? ''), withoutAccidents(output), `${command}\n${stderr}`)
    assert.equal(shown.filter((text) => text.includes(PAGE)).length, 2)
  },
)

interface Typed {
  readonly command: string
  readonly output: string
}

/** Of the first part, up to one's own tunnel. */
function commandsOf(guide: string): readonly Typed[] {
  const part = guide.slice(0, guide.indexOf('## With your own tunnel'))
  return [...part.matchAll(/```console\n([^]*?)```/g)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n')
        return { command: text.slice(0, end), output: text.slice(end + 1) }
      }),
  )
}

const MARK = '\u0001'

/** A person waits until a proxy says that it has started. */
function scriptOf(typed: readonly Typed[]): string {
  const lines = typed.map(({ command }, index) => {
    if (!command.startsWith('warren proxy') || !command.endsWith('&'))
      return `printf '${MARK}'\n${command.endsWith('&') ? command : `{ ${command}\n} 2>&1`}`
    const log = `"$HOME/${index}.log"`
    return `printf '${MARK}'\n${command.slice(0, -1)} 2> ${log} &\nuntil grep -q '"started"' ${log}; do sleep 0.1; done`
  })
  return `export PATH=${join(REPOSITORY, 'bin')}:$PATH\ncd "$HOME"\n${lines.join('\n')}\nkill $(jobs -p)\nwait`
}

async function asNobody(t: TestContext, command: readonly string[]): Promise<Ended> {
  const host = await Namespace.create('alone')
  t.after(() => host.close())
  const home = temporaryDirectory(t)
  chownSync(home, NOBODY, NOBODY)
  // On a terminal it shows no progress of what goes there.
  writeFileSync(join(home, '.curlrc'), 'silent\nshow-error\n')
  symlinkSync(join(REPOSITORY, 'examples'), join(home, 'examples'))
  const drop = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
  ]
  const enter = [
    `--target=${host.pid}`,
    '--net',
    '--mount',
    '--',
    'setpriv',
    ...drop,
    '--inh-caps=-all',
    '--',
  ]
  const child = spawn('nsenter', [...enter, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { status, stdout, stderr }
}
