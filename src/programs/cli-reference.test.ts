/** The reference page and the completions are what the command tree says, and the tree is complete. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'

import { buildCommandTree } from './command-tree.ts'
import { formatCompletion } from './completion/scripts.ts'
import { formatReference } from './reference.ts'

test('docs/reference/cli.md is what the command tree says', async () => {
  const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')
  assert.ok(
    page === formatReference(await buildCommandTree()),
    'write it anew: node src/programs/reference.ts > docs/reference/cli.md',
  )
})

test('every command says what it does, with examples', async () => {
  const without = leaves(await buildCommandTree()).filter((command) => {
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) })
    command.outputHelp()
    return `${command.summary()}${command.description()}` === '' || !help.includes('Examples:')
  })
  assert.deepEqual(
    without.map((command) => command.name()),
    [],
  )
})

test('one command alone is found by its name as in the whole tree', async () => {
  const whole = await buildCommandTree()
  for (const name of whole.commands.map((command) => command.name())) {
    const alone = await buildCommandTree(name)
    assert.ok(
      alone.commands.some((command) => command.name() === name),
      name,
    )
  }
})

test('completions name every command and every long option', async () => {
  const program = await buildCommandTree()
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = formatCompletion(program, shell)
    for (const command of leaves(program)) {
      assert.ok(script.includes(command.name()), `${shell}: ${command.name()}`)
      for (const option of command.options.filter((one) => !one.hidden)) {
        assert.ok(script.includes(option.long?.slice(2) ?? ''), `${shell}: ${option.long}`)
      }
    }
  }
})

function leaves(command: Command): Command[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
  return below.length === 0 ? [command] : below.flatMap(leaves)
}
