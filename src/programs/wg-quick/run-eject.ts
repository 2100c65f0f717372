/** What `warren eject` does. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { NodeIntent, WireGuardIntent } from '../../model/index.ts'
import { plan, type PlanResult } from '../../plan/index.ts'
import { formatWgConfig } from '../../protocols/wireguard/formats/index.ts'
import { BadInput } from '../exit.ts'
import { hasErrors, type Inputs, readInputs } from '../files/inputs.ts'
import { keyFileName } from '../files/key-file-name.ts'
import { checkDirectory, makePrivateDirectory } from '../files/make-directory.ts'
import { writeTextAtomically } from '../files/write-text.ts'
import { intentOf } from '../planning/made-plan.ts'
import { thisNode } from '../planning/this-node.ts'
import { someNodes } from '../terminal/some-of.ts'
import { standardError, standardOutput } from '../terminal/terminal.ts'
import { broughtKey } from './brought-keys.ts'
import { configOfIntent, type ConfigOptions } from './config-of-intent.ts'
import { formatUnit } from './unit-text.ts'
import { whatWgQuickLacks } from './what-is-missing.ts'

export interface EjectOptions {
  readonly out: string
  readonly node?: string
  readonly direct?: boolean
  readonly plansDir: string
  readonly stateDir: string
  readonly lock?: string
}

export async function runEject(files: readonly string[], options: EjectOptions): Promise<void> {
  checkDirectory(options.out)
  const here = files.length === 0
  const inputs = here ? await readPlans(options.plansDir) : await readInputs(files, options)
  const result = plan(inputs.objects, inputs.allocations)
  if (hasErrors(result.problems)) throw new BadInput(result.problems)
  const written: string[] = []
  const intents = chosen(result, here ? (options.node ?? thisNode()) : options.node)
  for (const intent of intents) {
    const directory = here ? options.out : join(options.out, intent.node)
    makePrivateDirectory(directory)
    for (const wanted of intent.interfaces) {
      written.push(
        ...writeInterface(directory, wanted, await contentOf(intent.node, wanted, { here, inputs, options })),
      )
    }
  }
  standardOutput().write(written.map((path) => `${path}\n`).join(''))
  standardError().write(whatWgQuickLacks(intents))
  const missing = someNodes(result.publicKeysMissing)
  if (missing !== '') standardError().write(`No key yet, so no peer: ${missing}.\n`)
  if (here) standardError().write(nextSteps(options.out))
}

function chosen(result: PlanResult, node: string | undefined): NodeIntent[] {
  return node === undefined ? [...result.intents.values()] : [intentOf(result, node)]
}

/** The agent's folder: plans and locks side by side, all of them one snapshot. */
async function readPlans(directory: string): Promise<Pick<Inputs, 'objects' | 'allocations'>> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => /^[^.].*\.ya?ml$/.test(name))
  const plans = names.filter((name) => !/\.lock\.ya?ml$/.test(name)).map((name) => join(directory, name))
  if (plans.length === 0) {
    const hint = 'Name the files, or run this on a node that has an agent.'
    throw new BadInput([
      { code: 'UnreadableFile', path: directory, message: 'there is no plan in this folder', hint },
    ])
  }
  const all = await Promise.all(plans.map((path) => readInputs([path], { mayBeEmpty: true })))
  return {
    objects: all.flatMap((one) => one.objects),
    allocations: { networks: Object.assign({}, ...all.map((one) => one.allocations.networks)) },
  }
}

interface EjectContext {
  readonly here: boolean
  readonly inputs: Pick<Inputs, 'objects'>
  readonly options: EjectOptions
}

async function contentOf(
  node: string,
  wanted: WireGuardIntent,
  { here, inputs, options }: EjectContext,
): Promise<string> {
  const brought = broughtKey(wanted.privateKey, inputs.objects)
  const file = join(options.stateDir, 'keys', keyFileName(wanted.owner))
  const kept = here && !brought ? await readKey(file) : undefined
  const text = brought?.reveal() ?? kept
  const privateKey: ConfigOptions['privateKey'] = text === undefined ? { file } : { text }
  const presharedKey: ConfigOptions['presharedKey'] = (source) => {
    const key = broughtKey(source, inputs.objects)
    if (key) return key.reveal()
    const path = `${wanted.owner.kind}/${wanted.owner.name}`
    throw new BadInput([
      { code: 'InvalidArgument', path, message: 'a preshared key is in a Secret that was not given' },
    ])
  }
  return formatWgConfig(
    configOfIntent(node, wanted, { privateKey, presharedKey, direct: options.direct ?? false }),
  )
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function writeInterface(directory: string, { name }: WireGuardIntent, content: string): string[] {
  const config = join(directory, `${name}.conf`)
  const unit = join(directory, `wireguard-${name}.service`)
  writeTextAtomically(config, content, { mode: 0o600 })
  writeTextAtomically(unit, formatUnit(name), { mode: 0o644 })
  return [config, unit]
}

function nextSteps(out: string): string {
  return `
To change over, as root:
  install -m 600 -t /etc/wireguard ${out}/*.conf
  install -m 644 -t /etc/systemd/system ${out}/*.service
  systemctl daemon-reload && systemctl disable --now warren-agent
  systemctl enable --now $(basename -a ${out}/*.service)
`
}
