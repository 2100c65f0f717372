/** `warren node`: this machine's end of `keys` and `push`; people rarely type it. */
import type { Command } from 'commander'

import { changeName, durationText, env, outputOption, secondsText } from './options.ts'

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
  registerConfirm(node)
  registerStatus(node)
  registerFacts(node)
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
    .option('--state-dir <dir>', 'where what was here is kept', env('WARREN_STATE_DIR', '/var/lib/warren'))
    .option('--wait <seconds>', 'how long to wait for the agent to make it so', '0')
    .option('--confirm-within <time>', 'take it back unless it is confirmed within 60s, say', durationText)
    .option('--change <name>', 'what this change is called when it is confirmed', changeName)
    .option('--force', 'apply it even if that cuts this machine off, and do not take it back')
    .addHelpText(
      'after',
      '\nExamples:\n  warren node put home --wait 30 < bundle.json\n  warren node put home --confirm-within 60s < bundle.json',
    )
    .action(async (name: string, options) => {
      const { runNodePut } = await import('./node/run-node-put.ts')
      await runNodePut(name, options)
    })
}

function registerConfirm(node: Command): void {
  node
    .command('confirm')
    .summary('keep a change that push brought')
    .description(
      'Keeps a change if it is applied and whoever answered before it still answers. For `push`, which runs this over ' +
        'a connection that it makes after the change; people use `warren confirm`.',
    )
    .argument('<change>', 'what `node put` called it', changeName)
    .option(
      '--state-dir <dir>',
      'where the agent keeps what waits',
      env('WARREN_STATE_DIR', '/var/lib/warren'),
    )
    .option('--run-dir <dir>', 'where the agent says how it is', env('WARREN_RUN_DIR', '/run/warren'))
    .option('--wait <seconds>', 'how long to wait for checks that do not pass yet', secondsText, '5')
    .option('--look', 'only say how it is')
    .option('--take-back', 'do not keep it, and do not wait until its time is over')
    .addHelpText(
      'after',
      '\nExamples:\n  warren node confirm 5f1c2a90b7de4413\n  warren node confirm 5f1c2a90b7de4413 --look',
    )
    .action(async (change: string, options) => {
      const { runNodeConfirm } = await import('./node/run-confirm.ts')
      await runNodeConfirm(change, options)
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

function registerFacts(node: Command): void {
  node
    .command('facts')
    .summary('report what `warren why` asks about')
    .description(
      'Reports links, addresses, routes, rules, WireGuard peers, packet filters and sysctls of this machine as JSON, ' +
        'without secrets. With --for also what concerns the way to that node, for which a few echo requests are sent.',
    )
    .option('--for <node>', 'what concerns the way to this node of the plan')
    .option('--ask', 'take the questions from standard input, as `warren why` gives them')
    .option(
      '--plans-dir <dir>',
      "where this machine's plans are",
      env('WARREN_PLANS_DIR', '/etc/warren/plans'),
    )
    .option('--run-dir <dir>', 'where the agent says how it is', env('WARREN_RUN_DIR', '/run/warren'))
    .addHelpText('after', '\nExamples:\n  warren node facts\n  warren node facts --for k3s')
    .action(async (options) => {
      const { runNodeFacts } = await import('./why/run-node-facts.ts')
      await runNodeFacts(options)
    })
}
