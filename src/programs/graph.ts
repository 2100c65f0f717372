/** `warren graph`: who talks to whom, as a picture. */
import type { Command } from 'commander'

import { lockOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('graph')
    .summary('draw who talks to whom (Mermaid)')
    .description(
      'Draws the direct peers of a plan as a Mermaid flowchart, which many Markdown viewers show as a picture.',
    )
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .addOption(lockOption())
    .addHelpText('after', '\nExamples:\n  warren graph home.yaml > home.mmd')
    .action(async (files: string[], options) => {
      const { runGraph } = await import('./planning/run-graph.ts')
      await runGraph(files, options)
    })
}
