/**
 * Every command of `warren` as one tree: what `--help` shows, what completion completes and what
 * docs/reference/cli.md is generated from. A module's `register` declares names, options and help only; its
 * action imports the rest. When the first word names a command, only that command's module is loaded.
 */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'

export interface CommandModule {
  register(program: Command): void
}

interface CommandEntry {
  readonly names: readonly string[]
  load(): Promise<CommandModule>
}

/** In the order of `warren --help`. */
const COMMANDS: readonly CommandEntry[] = [
  { names: ['plan'], load: () => import('./plan.ts') },
  { names: ['diff'], load: () => import('./diff.ts') },
  { names: ['validate'], load: () => import('./validate.ts') },
  { names: ['keys'], load: () => import('./keys.ts') },
  { names: ['push'], load: () => import('./push.ts') },
  { names: ['confirm'], load: () => import('./confirm.ts') },
  { names: ['generate'], load: () => import('./generate.ts') },
  { names: ['eject'], load: () => import('./eject.ts') },
  { names: ['import'], load: () => import('./import.ts') },
  { names: ['show'], load: () => import('./show.ts') },
  { names: ['graph'], load: () => import('./graph.ts') },
  { names: ['why'], load: () => import('./why.ts') },
  { names: ['doctor'], load: () => import('./doctor.ts') },
  { names: ['node'], load: () => import('./node.ts') },
  { names: ['completion'], load: () => import('./completion.ts') },
  { names: ['agent'], load: () => import('./agent.ts') },
  { names: ['device'], load: () => import('./device.ts') },
  { names: ['proxy'], load: () => import('./proxy.ts') },
  { names: ['lab'], load: () => import('./lab.ts') },
  { names: ['start'], load: () => import('./start.ts') },
]

/** The whole tree, or only the part that `only` names. */
export async function buildCommandTree(only?: string): Promise<Command> {
  const program = new Command('warren')
    .description('The network of a cluster, declared in one place.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    // `lab exec` leaves the options behind its arguments to the command it runs.
    .enablePositionalOptions()
    .addHelpText('after', EXAMPLES)
  const chosen = COMMANDS.filter((entry) => only !== undefined && entry.names.includes(only))
  for (const entry of chosen.length > 0 ? chosen : COMMANDS) {
    const module = await entry.load()
    module.register(program)
  }
  pointToHelp(program, 'warren')
  return program
}

/** After a mistake in `warren lab exec`, the help to read is that of `warren lab exec`. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(try: ${path} --help)`)
  for (const below of command.commands) pointToHelp(below, `${path} ${below.name()}`)
}

const EXAMPLES = `
Examples:
  warren plan home.yaml                              what each machine will have
  warren keys home.yaml --via 'ssh root@{node}'      each machine makes its key
  warren push home.yaml --via 'ssh root@{node}'      bring the network up
  warren generate home.yaml --out wg                 plain wg-quick files instead
  warren import > here.yaml                          start from what this machine has

Exit codes: 0 done, 1 differs or a check failed, 2 bad input, 69 something is missing on this machine.`

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
