/** `warren start`, which is `npm start`: the whole thing on six machines that exist for a minute. */
import { type Command, Option } from 'commander'

export interface StartFlags {
  readonly once?: true
  readonly json?: true
  readonly break?: 'nat' | 'peer' | 'route' | 'firewall'
}

export function register(program: Command): void {
  program
    .command('start')
    .summary('show it all on throwaway machines')
    .description(
      'Makes the machines of a plan as throwaway hosts in namespaces, brings their network up as a user would, and ' +
        'tries every promise: who reaches whom and who must not, a port scan from outside, damage and its repair, ' +
        'an agent killed under a running stream. The network of this machine is not touched: it is compared before ' +
        'and after.',
    )
    .argument('[file]', 'the plan; default: examples/homelab.yaml')
    .option('--once', 'do not stay up; exit 0 if every check held and 1 if any did not')
    .option('--json', 'the result as one JSON object on the last line')
    .addOption(
      new Option('--break <what>', 'break one thing, to see a check fail')
        .choices(['nat', 'peer', 'route', 'firewall'])
        .hideHelp(),
    )
    .addHelpText(
      'after',
      `
Examples:
  npm start                          with a live view, until Ctrl-C
  npm start -- --once --json         for scripts
  warren start my-plan.yaml --once   another plan than the example`,
    )
    .action(async (file: string | undefined, flags: StartFlags) => {
      const { runStart } = await import('./demonstration/run-start.ts')
      await runStart(file, flags)
    })
}
