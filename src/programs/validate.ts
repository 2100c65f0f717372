/** `warren validate`: everything that is wrong, at once. */
import type { Command } from 'commander'

import { lockOption, outputOption } from './options.ts'

export function register(program: Command): void {
  program
    .command('validate')
    .summary('check files, and list everything that is wrong at once')
    .description('Checks files and their lock: each field on its own, then the plan as a whole.')
    .argument('<files...>', 'YAML files with the objects; `-` is standard input')
    .addOption(lockOption())
    .addOption(outputOption('text', 'json'))
    .addHelpText(
      'after',
      `
Examples:
  warren validate home.yaml
  warren validate *.yaml -o json      the problems as data, for an editor or a CI job`,
    )
    .action(async (files: string[], options) => {
      const { runValidate } = await import('./planning/run-validate.ts')
      await runValidate(files, options)
    })
}
