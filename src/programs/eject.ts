/** `warren eject`: the way out. */
import type { Command } from 'commander'

import { env, lockOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('eject')
    .summary('leave Warren: wg-quick files and units that keep the network running')
    .description(
      'Writes, per interface, a wg-quick file and a systemd unit that bring up the same interface without Warren. ' +
        "Without files it ejects this machine: the agent's plans, with this machine's own key put in. With files it writes " +
        "every node's, each taking its key from where its agent keeps it. Nothing that runs is touched.",
    )
    .argument('[files...]', 'YAML files with the objects; none: the plans of this machine')
    .requiredOption('--out <dir>', 'the folder to write into')
    .option('--node <name>', "only this node (default without files: this machine's name)")
    .option('--direct', 'keep direct paths beside a relay, although nothing withdraws them when they fail')
    .option('--plans-dir <dir>', 'where the agent looks', env('WARREN_PLANS_DIR', '/etc/warren/plans'))
    .option('--state-dir <dir>', 'where keys are kept', env('WARREN_STATE_DIR', '/var/lib/warren'))
    .addOption(lockOption())
    .addHelpText(
      'after',
      `
Examples:
  warren eject --out /root/wireguard            on a node
  warren eject home.yaml --out ejected          everybody's, to be copied by hand`,
    )
    .action(async (files: string[], options) => {
      const { runEject } = await import('./wg-quick/run-eject.ts')
      await runEject(files, options)
    })
}
