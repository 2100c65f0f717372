/** `warren why`: what keeps packets from one node from arriving at another. */
import { type Command, Option } from 'commander'

import { collected, env, lockOption, outputOption, positiveInteger } from './options.ts'

export function register(program: Command): void {
  program
    .command('why')
    .summary('say why one node does not reach another')
    .description(
      'Follows a packet from one node to another: plan, endpoint, handshake, allowed IPs, routes, rules, rp_filter, ' +
        'forwarding, packet filters, MTU, on both ends and on whoever stands between them. Names the first thing that ' +
        'fails and what to do about it. Looks only; a few echo requests go through the tunnel. This machine is asked ' +
        'directly, others through --via; what is not reached is judged from the other end. Exit code 1 when packets ' +
        'do not arrive.',
    )
    .argument('<from>', 'a node of the plan')
    .argument('<to>', 'another one')
    .option(
      '-f, --file <file>',
      "YAML file with the plan, may be said several times (default: this machine's plans)",
      collected,
    )
    .option('--via <command>', "how to run a command on a node, as in 'ssh root@{node}'")
    .option('--remote-command <command>', 'how to run warren there', 'warren')
    .option('--timeout <seconds>', 'how long a node may take for one answer', positiveInteger, 60)
    .option('--wait <seconds>', 'how long an echo request waits for its answer', positiveInteger, 7)
    .addOption(new Option('--family <family>', 'which addresses to follow').choices(['4', '6']))
    .option('--all', 'show every check, also those that are fine')
    .option(
      '--plans-dir <dir>',
      "where this machine's plans are",
      env('WARREN_PLANS_DIR', '/etc/warren/plans'),
    )
    .option('--run-dir <dir>', 'where its agent says how it is', env('WARREN_RUN_DIR', '/run/warren'))
    .addOption(lockOption())
    .addOption(outputOption('table', 'json', 'yaml'))
    .addHelpText(
      'after',
      `
Examples:
  warren why rpi4 k3s -f home.yaml --via 'ssh root@{node}'
  warren why rpi4 k3s                                        on rpi4 itself, from what it can see
  warren why white-amd k3s -f home.yaml --via 'warren lab exec home {node}'`,
    )
    .action(async (from: string, to: string, options) => {
      const { runWhy } = await import('./why/run-why.ts')
      await runWhy({ ...options, from, to })
    })
}
