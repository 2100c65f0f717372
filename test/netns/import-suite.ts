/**
 * What holds for `warren import` of links that somebody made with ip(8): planned against the same host it finds nothing
 * to do, and an agent takes them over without touching them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseObjects } from '../../src/model/index.ts'
import { patiently } from '../harness/eventually.ts'
import { Namespace } from '../harness/namespace.ts'
import { type KernelFeature, needs } from '../harness/needs.ts'

const WARREN = resolve('bin/warren')

const TOOLS = ['ip', 'bridge', 'nsenter', 'unshare']
const timeout = patiently(90_000)

async function machine(t: TestContext, commands: string) {
  const host = await Namespace.create('host')
  t.after(() => host.close())
  const directory = mkdtempSync(join(tmpdir(), 'warren-import-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const line of commands.trim().split('\n')) await host.exec(line)
  return { host, directory, warren: (line: string) => host.exec(`${WARREN} ${line}`) }
}

interface Imported {
  readonly commands: string
  readonly kernel: readonly KernelFeature[]
  readonly names: readonly string[]
}

export function importTest(title: string, { commands, kernel, names }: Imported): void {
  const options = { ...needs({ root: true, kernel, tools: TOOLS }), timeout }
  test(
    `${title}: imported, the first plan --live is empty, and an agent only marks them`,
    options,
    async (t) => {
      const { host, directory, warren } = await machine(t, commands)
      const text = await warren('import --node host')
      const { objects, problems } = parseObjects(text, { file: 'import.yaml' })
      assert.deepEqual(problems, [])
      const found = objects.flatMap((one) =>
        one.kind === 'NetlinkInterface' ? [one.spec.interfaceName] : [],
      )
      assert.deepEqual(found, names)
      const plans = join(directory, 'plans')
      await host.exec(`mkdir ${plans}`)
      writeFileSync(join(plans, 'here.yaml'), text)
      assert.equal(await warren(`plan --live --node host ${plans}/here.yaml`), '')
      const before = await looksOf(host)
      assert.doesNotMatch(before, /altname/)
      const dirs = `--state-dir ${directory}/state --run-dir ${directory}/run --config ${directory}/none.yaml`
      await warren(`agent --once --node host --source file:${plans} ${dirs}`)
      const after = await looksOf(host)
      assert.equal(after.replaceAll(/ +altname warren-\S+\n/g, ''), before)
      for (const name of names) assert.match(after, new RegExp(`altname warren-${name}\\n`))
    },
  )
}

/** What ip(8) shows of links, addresses and routes, less what comes by itself after a while. */
async function looksOf(host: Namespace): Promise<string> {
  const shown = await Promise.all([
    host.exec('ip link show'),
    host.exec('ip -4 address show'),
    host.exec('ip -6 -o address show scope global'),
    host.exec('ip -4 route show table all'),
    host.exec('ip -6 route show'),
  ])
  return shown
    .join('')
    .replaceAll(/^fe80.*\n/gm, '')
    .replaceAll(/ (proto 87|tentative)\b/g, '')
}
