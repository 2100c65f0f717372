/** `warren generate`: the plan as plain wg-quick files. */
import type { Command } from 'commander'

import { lockOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('generate')
    .summary('write the plan as wg-quick files')
    .description(
      'Writes one wg-quick file per interface of each node, DIR/NODE/INTERFACE.conf, for machines without an agent. ' +
        'Nodes without a key get one; private keys are kept in DIR/private-keys.yaml and stay the same from run to run. ' +
        'The folder and the files in it are readable by their owner only.',
    )
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .requiredOption('--out <dir>', 'the folder to write into')
    .option('--peer <name>', 'only the files of this node')
    .option('--qr', 'show the file of --peer as a QR code for the WireGuard app of a phone')
    .option('--direct', 'keep direct paths beside a relay, although nothing withdraws them when they fail')
    .option('--write', 'keep addresses, ports and public keys in the lock')
    .addOption(lockOption())
    .addHelpText(
      'after',
      `
Examples:
  warren generate kubernetes-24.yaml --out wg
  warren generate home.yaml --out wg --peer phone --qr --write
  scp wg/rpi4/wg0.conf root@rpi4:/etc/wireguard/ && ssh root@rpi4 systemctl enable --now wg-quick@wg0`,
    )
    .action(async (files: string[], options) => {
      const { runGenerate } = await import('./wg-quick/run-generate.ts')
      await runGenerate(files, options)
    })
}
