/** `warren lab`: throwaway hosts that run a plan. */
import { type Command, InvalidArgumentError } from 'commander'

import { outputOption } from './options.ts'

export interface LabUpFlags {
  readonly name?: string
  readonly bare?: true
  readonly nat?: readonly string[]
  readonly loss?: number
  readonly rate?: string
  readonly delay?: string
}

export function register(program: Command): void {
  const lab = program
    .command('lab')
    .enablePositionalOptions()
    .summary('throwaway hosts that run a plan')
    .description(
      'Throwaway hosts that run a plan: each node becomes a host with its own network and files, homes get a NAT, ' +
        'and everything stands on a backbone of documentation addresses. Nothing of the network of this machine is ' +
        'used or changed.',
    )
    .addHelpText(
      'after',
      `
Examples:
  warren lab up home.yaml                     hosts, agents, keys and plan
  warren lab exec home white-amd sh           a shell on one of them
  warren lab status
  warren lab down --all`,
    )
  registerUp(lab)
  registerOthers(lab)
  registerKeeper(lab)
}

function registerUp(lab: Command): void {
  lab
    .command('up')
    .summary('make the hosts of a plan')
    .argument('<file>', 'YAML file with the objects')
    .option('--name <name>', "what the lab is called (default: the file's name)")
    .option('--bare', 'hosts only: no agents, no keys, no plan')
    .option('--nat <site=mapping/filtering...>', NAT_HELP)
    .option('--loss <share>', 'share of packets lost on the way into each host, as in 0.02', shareOf)
    .option('--rate <rate>', 'what each host can send, as in 20mbit')
    .option('--delay <time>', 'delay on the way out of each host, as in 20ms; needs netem')
    .addHelpText(
      'after',
      `
Examples:
  warren lab up home.yaml --name try
  warren lab up home.yaml --nat home-a=address-and-port-dependent/address-and-port-dependent --loss 0.02`,
    )
    .action(async (file: string, flags: LabUpFlags) => {
      const { runLabUp } = await import('./lab/run-up.ts')
      await runLabUp(file, flags)
    })
}

const NAT_HELP =
  'how a home translates (RFC 4787): endpoint-independent, address-dependent or address-and-port-dependent, for mapping and for filtering; `*` is every home'

function registerOthers(lab: Command): void {
  lab
    .command('status')
    .summary('which labs there are')
    .argument('[lab]', 'only this one')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', '\nExamples:\n  warren lab status\n  warren lab status home -o json')
    .action(async (name: string | undefined, flags: { output: string }) => {
      const { runLabStatus } = await import('./lab/run-others.ts')
      await runLabStatus(name, flags)
    })
  lab
    .command('exec')
    .summary('run a command on a host of a lab')
    .argument('<lab>', 'its name')
    .argument('<machine>', 'a node of the plan, a router, the backbone or the stranger')
    .argument('<command...>', 'with its own options, which are left to it')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  warren lab exec home phy01 warren show\n  warren lab exec home phy01 ls -l',
    )
    .action(async (name: string, machine: string, words: string[]) => {
      const { runLabExec } = await import('./lab/run-others.ts')
      // As for ssh, `--` may stand before the command and is none of its words.
      await runLabExec({ name, machine, command: words[0] === '--' ? words.slice(1) : words })
    })
  lab
    .command('down')
    .summary('take a lab away')
    .argument('[lab]', 'its name')
    .option('--all', 'every lab, and what a crash left of one')
    .addHelpText('after', '\nExamples:\n  warren lab down home\n  warren lab down --all')
    .action(async (name: string | undefined, flags: { all?: true }) => {
      const { runLabDown } = await import('./lab/run-others.ts')
      await runLabDown(name, flags)
    })
}

/** The process inside; started by `lab up` and `start`, never by hand. */
function registerKeeper(lab: Command): void {
  lab.command('keep', { hidden: true }).action(async () => {
    const { runKeeper } = await import('./lab/run-keeper.ts')
    await runKeeper()
  })
}

function shareOf(text: string): number {
  const share = Number(text)
  if (!(share >= 0 && share < 1)) throw new InvalidArgumentError('Expected a share from 0 to below 1.')
  return share
}
