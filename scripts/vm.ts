/**
 * A command in a virtual machine, for looking around: `node scripts/vm.ts [--kernel 6.12] uname -a`. Its output and
 * exit status are ours; what it writes is lost. WARREN_VM_SYSTEMD=1 boots this host's systemd first.
 */
import { prepareMachine, whyNoMachine } from './vm/prepare.ts'
import { isKernelName } from './vm/kernels.ts'
import { runInMachine } from './vm/machine.ts'

const missing = whyNoMachine()
if (missing !== undefined) {
  console.error(`no virtual machine here: ${missing}`)
  process.exit(69)
}
const args = process.argv.slice(2)
const [kernel = '6.1', command] = args[0] === '--kernel' ? [args[1], args.slice(2)] : [undefined, args]
if (!isKernelName(kernel)) {
  console.error(`no kernel ${kernel}`)
  process.exit(2)
}
const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
const end = await runInMachine({
  image: prepareMachine(kernel),
  command,
  cwd: process.cwd(),
  env: { PATH: process.env['PATH'] ?? '', HOME: '/root', WARREN_PATIENCE: '10' },
  systemd: process.env['WARREN_VM_SYSTEMD'] === '1',
  timeoutMs: Number(process.env['WARREN_VM_TIMEOUT_MS'] ?? '600000'),
  onStdout: (chunk) => process.stdout.write(chunk),
  onStderr: (chunk) => process.stderr.write(chunk),
  signal: controller.signal,
})
if (end.kind === 'exit') process.exitCode = end.status
else {
  console.error(`the machine: ${end.kind}${'console' in end ? `\n${end.console}` : ''}`)
  process.exitCode = end.kind === 'timeout' ? 124 : 125
}
