/**
 * docs/reference/cli.md, made from the command tree; `cli-reference.test.ts` holds the file to it.
 * `node src/programs/reference.ts > docs/reference/cli.md` writes it anew. Pure but for that last line.
 */
import type { Command } from 'commander'

import { buildCommandTree } from './command-tree.ts'

/** Help is wrapped for this width, wherever it is made. */
const COLUMNS = 100

export function formatReference(program: Command): string {
  const head = `# The command line

Made from the command tree by \`node src/programs/reference.ts\`; \`warren COMMAND --help\` shows the same.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | something differs, a check failed, or some nodes were not reached |
| 2 | bad input: every problem is listed, nothing was changed |
| 69 | something is missing on this machine: a privilege, a kernel feature, a program |
| 70 | a bug in Warren |

Colour appears only on terminals and without \`NO_COLOR\`. Results go to standard output, progress, questions and
problems to standard error.
`
  return head + commandsBelow(program).map(formatCommand).join('')
}

function commandsBelow(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => [one, ...commandsBelow(one)])
}

function formatCommand(command: Command): string {
  return `\n## ${pathOf(command)}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** With the examples, which commander adds only when it prints. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => COLUMNS,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text
}

if (import.meta.main) process.stdout.write(formatReference(await buildCommandTree()))
