/** `warren push`: a plan to the nodes it is about. */
import type { Command } from 'commander'

import { addFleetOptions, durationText, lockOption, secondsText } from './options.ts'

export function register(program: Command): void {
  const command = program
    .command('push')
    .summary('give each node its plan')
    .description(
      'Shows the plan, asks (on a terminal), and gives it to each node, whose agent makes it so. ' +
        'Nodes that others call go first, or last when their own port or key changes. Keys that nobody knows yet are ' +
        'made on the way, as `warren keys` does. The lock is written before anything is given away. Each node takes ' +
        'the plan back by itself unless it is reached again, over a new connection, and confirmed in time.',
    )
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .option('--name <name>', "what the plan is called on the nodes (default: the first file's name)")
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show the plan and the order, and stop')
    .option(
      '--wait <seconds>',
      'how long each agent may take to make it so; 0: do not wait',
      secondsText,
      '30',
    )
    .option(
      '--confirm-within <time>',
      'a node that is not reached again for so long takes the plan back',
      durationText,
      '60',
    )
    .option('--no-confirm', 'what is given stays; what could cut a node off is refused there')
    .option('--force', 'apply even what cuts a node off, and let it stay')
    .addOption(lockOption())
  addFleetOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  warren push home.yaml --via 'ssh root@{node}'
  warren push home.yaml --via 'ssh root@{node}' --dry-run
  warren push home.yaml --via 'ssh root@{node}' --confirm-within 5m
  warren push home.yaml --via 'docker exec -i {node}' --yes`,
    )
    .action(async (files: string[], options) => {
      const { runPush } = await import('./fleet/run-push.ts')
      await runPush(files, options)
    })
}
