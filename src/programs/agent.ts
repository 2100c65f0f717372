/**
 * `warren agent`: the resident process of a node, or with `--once` one convergence. SIGTERM and SIGINT stop it
 * and leave the network up.
 */
import { hostname } from 'node:os'
import { type Command, Option } from 'commander'

import { registerInstallation } from './agent-install/register.ts'
import { durationText, env, outputOption } from './options.ts'

export interface AgentFlags {
  readonly source: string
  readonly node: string
  readonly once?: true
  readonly dryRun?: true
  readonly removeOnExit?: true
  readonly output: 'text' | 'json'
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
  readonly backend: 'auto' | 'kernel' | 'userspace'
  readonly userspace?: string
  readonly stateDir: string
  readonly runDir: string
  readonly config: string
  readonly resync: string
  readonly confirmWithin?: string
}

export const register = (program: Command): void => {
  const agent = program
    .command('agent')
    .summary('keep this machine as its plan says')
    .description('Keeps this machine as its plan says: observes, compares, repairs.')
    .option(
      '--source <source>',
      'where plans come from',
      `file:${env('WARREN_PLANS_DIR', '/etc/warren/plans')}`,
    )
    .addOption(
      new Option('--node <name>', 'which node of the plan this machine is').default(
        env('WARREN_NODE_NAME', hostname()),
        "this machine's name",
      ),
    )
    .option('--once', 'converge once and exit: 0 as wanted, 1 not, 2 bad input')
    .option(
      '--confirm-within <time>',
      'with --once: take a change back unless it is confirmed within 60s, say',
      durationText,
    )
    .option('--dry-run', 'print the commands that would be needed, change nothing, exit 0')
    .option('--remove-on-exit', 'when stopped, take away every interface, route and rule of ours')
    .addOption(outputOption('text', 'json'))
    .addOption(
      new Option('--log-level <level>', 'what is worth a line')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .option('--backend <backend>', 'auto, kernel or userspace', env('WARREN_BACKEND', 'auto'))
    .option('--userspace <command>', "another userspace WireGuard, as in 'wireguard-go -f {interface}'")
    .option('--state-dir <dir>', 'keys and the last good plan', env('WARREN_STATE_DIR', '/var/lib/warren'))
    .option('--run-dir <dir>', 'status and lock', env('WARREN_RUN_DIR', '/run/warren'))
    .option(
      '--config <file>',
      'the local bounds on what a plan may ask',
      env('WARREN_CONFIG', '/etc/warren/agent.yaml'),
    )
    .option('--resync <seconds>', 'look at everything again this often', '30')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: AgentFlags) => {
      const { runAgent } = await import('./agent-run.ts')
      await runAgent(flags)
    })
  registerInstallation(agent)
}

const EXAMPLES = `
Examples:
  warren agent --node phy01                               with the plans in /etc/warren/plans
  warren agent --node phy01 --source file:./plans --once  converge and exit
  warren agent --node phy01 --once --confirm-within 60s   and undo it unless \`warren confirm\` says it is fine
  warren agent --node phy01 --dry-run                     what would be done, as commands

Stopping the agent leaves the network up. Its status is in RUN/agent.json; local bounds are in the file of
--config (cidrs, interfaces, ports, defaultRoute, allowIPv6Forwarding, pinPeerKeys,
keepReachable).`
