/** `warren node`: this machine's end of `keys` and `push`; people rarely type it. */
import type { Command } from 'commander'

import { env, outputOption } from './options.ts'

export function register(program: Command): void {
  const node = program
    .command('node')
    .summary("this machine's end of keys and push")
    .description(
      'What `keys` and `push` run on a node. It speaks to files only; the agent notices what changed.',
    )
    .addHelpText(
      'after',
      `
Examples:
  warren node key --network default/home      make this machine's key, once, and print its public half
  warren node put home < bundle.json          check a plan and put it where the agent looks
  warren node status                          what the agent says`,
    )
  registerKey(node)
  registerPut(node)
  registerStatus(node)
}

function registerKey(node: Command): void {
  node
    .command('key')
    .summary("print this machine's public key")
    .description(
      "Prints this machine's public key for a network. The private one is made if there is none, and stays here.",
    )
    .requiredOption('--network <namespace/name>', 'the network that it is for')
    .option('--state-dir <dir>', 'where keys are kept', env('WARREN_STATE_DIR', '/var/lib/warren'))
    .addHelpText('after', '\nExamples:\n  warren node key --network default/home')
    .action(async (options) => {
      const { runNodeKey } = await import('./node/run-node-key.ts')
      await runNodeKey(options)
    })
}

function registerPut(node: Command): void {
  node
    .command('put')
    .summary('take a plan from standard input')
    .description(
      'Checks a plan from standard input, with the others there are, and puts it where the agent looks.',
    )
    .argument('<name>', 'what the plan is called here')
    .option('--plans-dir <dir>', 'where the agent looks', env('WARREN_PLANS_DIR', '/etc/warren/plans'))
    .option('--run-dir <dir>', 'where the agent says how it is', env('WARREN_RUN_DIR', '/run/warren'))
    .option('--wait <seconds>', 'how long to wait for the agent to make it so', '0')
    .addHelpText('after', '\nExamples:\n  warren node put home --wait 30 < bundle.json')
    .action(async (name: string, options) => {
      const { runNodePut } = await import('./node/run-node-put.ts')
      await runNodePut(name, options)
    })
}

function registerStatus(node: Command): void {
  node
    .command('status')
    .summary('what the agent says')
    .description('Shows what the agent of this machine says about it.')
    .option('--run-dir <dir>', 'where the agent says how it is', env('WARREN_RUN_DIR', '/run/warren'))
    .option('--check', 'exit with 1 unless the agent runs and has converged')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', '\nExamples:\n  warren node status\n  warren node status -o json --check')
    .action(async (options) => {
      const { runNodeStatus } = await import('./node/run-node-status.ts')
      await runNodeStatus(options)
    })
}
