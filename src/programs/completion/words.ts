/** The command tree as plain data: what can follow what. Pure. */
import type { Command } from 'commander'

export interface CommandWords {
  /** `''` for warren itself, `node put` for one of its commands' commands. */
  readonly path: string
  readonly summary: string
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly options: readonly OptionWords[]
  /** What its first argument may be, when that is a short list. */
  readonly choices: readonly string[]
}

export interface OptionWords {
  /** `-o`, `--output`. */
  readonly flags: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
}

export function wordsOf(command: Command, path = ''): CommandWords[] {
  const shown = command.commands.filter((one) => !isHidden(one))
  const own: CommandWords = {
    path,
    summary: command.summary() || command.description(),
    commands: shown.map((one) => ({ name: one.name(), summary: one.summary() || one.description() })),
    options: optionsOf(command),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }
  return [own, ...shown.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim()))]
}

function optionsOf(command: Command): OptionWords[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }))
}

function isHidden(command: Command): boolean {
  return !command.parent?.createHelp().visibleCommands(command.parent).includes(command)
}
