/** `warren completion`: words for the Tab key, made from the command tree. */
import { Argument, type Command } from 'commander'

export function register(program: Command): void {
  program
    .command('completion')
    .summary('words for the Tab key, for bash, zsh and fish')
    .description('Prints a script that teaches a shell the commands and options of this version.')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(warren completion bash)                                     in ~/.bashrc
  warren completion zsh > "\${fpath[1]}/_warren"
  warren completion fish > ~/.config/fish/completions/warren.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { buildCommandTree } = await import('./command-tree.ts')
      const { formatCompletion } = await import('./completion/scripts.ts')
      process.stdout.write(formatCompletion(await buildCommandTree(), shell))
    })
}
