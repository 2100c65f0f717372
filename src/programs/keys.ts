/** `warren keys`: each node makes its key; the public halves go to the lock. */
import type { Command } from 'commander'

import { addFleetOptions, lockOption } from './options.ts'

export function register(program: Command): void {
  const command = program
    .command('keys')
    .summary('let each node make its key')
    .description(
      'Lets each node make its private key, once, where it stays. The public halves go to the lock. ' +
        'A node that suddenly has another key is not believed, unless --accept-new-keys says so.',
    )
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .option('--accept-new-keys', 'believe nodes whose key is another one than the lock remembers')
    .addOption(lockOption())
  addFleetOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  warren keys home.yaml --via 'ssh root@{node}'
  warren keys home.yaml --via 'ssh -p 2222 admin@{node}.example.net' --remote-command 'sudo warren'`,
    )
    .action(async (files: string[], options) => {
      const { runKeys } = await import('./fleet/run-keys.ts')
      await runKeys(files, options)
    })
}
