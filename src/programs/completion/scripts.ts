/**
 * The three shells' scripts. Each is a table from what was typed so far to what may follow; where a value is
 * free, the shell completes file names as it always does. Pure.
 */
import type { Command } from 'commander'

import { type CommandWords, wordsOf } from './words.ts'

export function formatCompletion(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const words = wordsOf(program)
  switch (shell) {
    case 'bash':
      return bashScript(words)
    case 'zsh':
      // zsh runs bash's completions faithfully (bashcompinit); one table serves both.
      return `#compdef warren\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`
    case 'fish':
      return fishScript(words)
  }
}

function bashScript(words: readonly CommandWords[]): string {
  return `# warren completion
_warren() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${words
  .filter((one) => one.path !== '')
  .map((one) => `      ${pattern(parentOf(one.path), lastOf(one.path))}) path=${quote(one.path)} ;;`)
  .join('\n')}
    esac
  done
  case "$path $previous" in
${words.flatMap(bashChoices).join('\n')}
  esac
  case "$path" in
${words.map((one) => `    ${quote(one.path)}) COMPREPLY=($(compgen -W ${quote(followers(one))} -- "$current")) ;;`).join('\n')}
  esac
}
complete -o default -F _warren warren
`
}

function bashChoices({ path, options }: CommandWords): string[] {
  return options
    .filter((option) => option.takesValue)
    .map((option) => {
      const patterns = option.flags.map((flag) => pattern(path, flag)).join('|')
      const reply =
        option.choices.length > 0 ? `$(compgen -W ${quote(option.choices.join(' '))} -- "$current")` : ''
      return `    ${patterns}) COMPREPLY=(${reply}); return ;;`
    })
}

function followers({ commands, options, choices }: CommandWords): string {
  const flags = options.flatMap((option) => option.flags).filter((flag) => flag.startsWith('--'))
  return [...commands.map((one) => one.name), ...choices, ...flags].join(' ')
}

function fishScript(words: readonly CommandWords[]): string {
  const lines = ['# warren completion']
  for (const { path, commands, options, choices } of words) {
    const here = `-n ${quote(
      fishCondition(
        path,
        commands.map((one) => one.name),
      ),
    )}`
    for (const one of commands)
      lines.push(`complete -c warren -f ${here} -a ${one.name} -d ${quote(one.summary)}`)
    if (choices.length > 0) lines.push(`complete -c warren -f ${here} -a ${quote(choices.join(' '))}`)
    for (const option of options) {
      const flags = option.flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      )
      const value =
        option.choices.length > 0
          ? ` -x -a ${quote(option.choices.join(' '))}`
          : option.takesValue
            ? ' -r'
            : ''
      lines.push(`complete -c warren ${here} ${flags.join(' ')}${value} -d ${quote(option.description)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Every word of the path was typed, and none of those that would lead further. */
function fishCondition(path: string, next: readonly string[]): string {
  if (path === '') return '__fish_use_subcommand'
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
  const not = next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(' ')}`] : []
  return [...seen, ...not].join('; and ')
}

function pattern(path: string, word: string): string {
  return quote(`${path} ${word}`)
}

function parentOf(path: string): string {
  return path.split(' ').slice(0, -1).join(' ')
}

function lastOf(path: string): string {
  return path.split(' ').at(-1) ?? ''
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
