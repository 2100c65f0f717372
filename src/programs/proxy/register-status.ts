/** `warren proxy status`: how the proxies of this user are, or one that has an operations listener. */
import type { Command } from 'commander'

import { outputOption } from '../options.ts'

export interface StatusFlags {
  readonly from?: string
  readonly output: 'text' | 'json' | 'yaml'
}

export function registerStatus(proxy: Command): void {
  proxy
    .command('status')
    .summary('how a running proxy is')
    .description(
      'Shows tunnels with their peers, and routes with their requests. Asks every proxy of this user by its socket in XDG_RUNTIME_DIR, or the one that --from names.',
    )
    .argument('[name]', 'only the proxy of this name: metadata.name of its file, or "proxy"')
    .option('--from <where>', 'its operations listener, as 127.0.0.1:9090, or the path of its status socket')
    .addOption(outputOption('text', 'json', 'yaml'))
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, flags: StatusFlags) => {
      const { runStatus } = await import('./run-status.ts')
      await runStatus(name, flags)
    })
}

const EXAMPLES = `
Examples:
  warren proxy status
  warren proxy status --from 127.0.0.1:9090 -o json

Exit codes: 0 ready, 1 not ready, 69 there is no such proxy.`
