/** What `warren node key` does: the public half on standard output, and nothing else. */
import { nodeKey } from '../../agent/index.ts'
import { BadInput } from '../exit.ts'

export async function runNodeKey({
  network,
  stateDir,
}: {
  readonly network: string
  readonly stateDir: string
}): Promise<void> {
  // It becomes a part of a file's name.
  if (!/^[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253}$/.test(network)) {
    const hint = 'Write it as NAMESPACE/NAME, as in default/home.'
    throw new BadInput([
      { code: 'InvalidArgument', path: '--network', message: 'not the name of a network', hint },
    ])
  }
  process.stdout.write(`${await nodeKey(stateDir, network)}\n`)
}
