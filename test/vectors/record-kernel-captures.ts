/**
 * Runs record-captures.ts in a virtual machine against the WireGuard of its kernel; takes about two minutes:
 *
 *   node test/vectors/record-kernel-captures.ts
 */
import { fileURLToPath } from 'node:url'
import { runInMachine } from '../../scripts/vm/machine.ts'
import { prepareMachine, whyNoMachine } from '../../scripts/vm/prepare.ts'

const reason = whyNoMachine()
if (reason !== undefined) throw new Error(reason)
const captures = fileURLToPath(new URL('captures', import.meta.url))
const end = await runInMachine({
  image: prepareMachine(),
  command: [process.execPath, 'test/vectors/record-captures.ts', 'kernel', captures],
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  timeoutMs: 600_000,
  out: captures,
  onStdout: (chunk) => process.stdout.write(chunk),
  onStderr: (chunk) => process.stderr.write(chunk),
})
console.log(end)
