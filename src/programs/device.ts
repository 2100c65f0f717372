/**
 * `warren device IFACE`: one userspace WireGuard interface as its own process. It opens what takes privileges, gives
 * them all up, and starts itself anew with the open descriptors: execve leaves a single thread behind, so that none of
 * Node's threads keeps a capability. Then it prints `ready` and serves the UAPI socket.
 */
import { flushCompileCache } from 'node:module'
import { type Command, InvalidArgumentError } from 'commander'
import { MissingHere } from './exit.ts'

interface Flags {
  readonly mtu?: number
  readonly fwmark: number
  readonly socketDir: string
  readonly stateDir: string
  readonly offload: boolean
}

export function register(program: Command): void {
  program
    .command('device')
    .argument('<interface>', 'name of the link: made if it is not there', interfaceName)
    .summary('run one userspace WireGuard interface')
    .description('Runs one userspace WireGuard interface in the foreground.')
    .option('--mtu <bytes>', 'set the MTU of the link (a new one gets 1420)', integer(576, 65440))
    .option(
      '--fwmark <mark>',
      'mark outgoing datagrams; it cannot be changed later',
      integer(0, 0xffffffff),
      0,
    )
    .option('--socket-dir <dir>', 'where the UAPI socket is made', '/run/wireguard')
    .option('--state-dir <dir>', 'where the last handshake timestamp is kept', '/var/lib/warren/device')
    .option('--no-offload', 'use neither GSO, GRO nor vnet headers')
    .addHelpText('after', EXAMPLES)
    .action(run)
}

const EXAMPLES = `
Examples:
  warren device wg0                 make wg0 and serve /run/wireguard/wg0.sock
  wg setconf wg0 wg0.conf           configure it with the standard tools
  warren device wg0 --fwmark 51820  with a mark, for policy routing

Once its descriptors are open it drops every capability and (with Landlock) the right to write
anywhere but in its two folders. It leaves the link in place when it stops, so addresses and
routes survive a restart, and exits when the link is deleted. SIGUSR2 makes it print what it
has dropped, by reason, as JSON on stderr.`

async function run(name: string, flags: Flags): Promise<void> {
  const { mtu: mtuBytes, fwmark, socketDir, stateDir, offload } = flags
  const settings = { name, mtuBytes, fwmark, socketDir, stateDir, plain: !offload }
  const { loadSyscalls, isKernelError } = await import('../linux/index.ts')
  const device = await import('../device/index.ts')
  const sys = loadSyscalls()
  process.umask(0o077)
  const handedOver = process.env[device.DESCRIPTORS_VARIABLE]
  if (handedOver === undefined) {
    try {
      const prepared = device.prepare(sys, settings)
      // The other half may not write to the cache any more, and no exit of this one will.
      flushCompileCache()
      device.giveUpPrivileges(sys, settings)
      becomeUnprivileged(device.DESCRIPTORS_VARIABLE, device.formatDescriptors(sys, prepared))
    } catch (error) {
      if (isKernelError(error)) throw new MissingHere(explain(error.message, error.code, name))
      throw error
    }
  }
  delete process.env[device.DESCRIPTORS_VARIABLE]
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  await device.runDevice({
    sys,
    settings,
    prepared: device.parseDescriptors(sys, handedOver),
    signal: stop.signal,
    onReady: () => process.stdout.write('ready\n'),
    onCounters: (counters) => process.stderr.write(`${JSON.stringify(counters)}\n`),
  })
}

function becomeUnprivileged(variable: string, descriptors: string): never {
  if (process.execve === undefined)
    throw new MissingHere('this Node has no process.execve: it needs 24 or newer')
  const [, entry = '', ...rest] = process.argv
  const argv = [process.execPath, ...process.execArgv, entry, ...rest]
  return process.execve(process.execPath, argv, { ...process.env, [variable]: descriptors })
}

const interfaceName = (text: string): string => {
  if (!/^[^\s/]{1,15}$/.test(text) || text === '.' || text === '..') {
    throw new InvalidArgumentError('A link name has at most 15 bytes, no space and no slash.')
  }
  return text
}

const integer = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (/^(\d+|0x[\da-f]+)$/i.test(text) && value >= least && value <= most) return value
  throw new InvalidArgumentError(`It is a number between ${least} and ${most}.`)
}

function explain(message: string, code: string, name: string): string {
  if (code === 'EBUSY') return `${message}. Another process serves ${name}.`
  if (code === 'EPERM' || code === 'EACCES') return `${message}. It takes CAP_NET_ADMIN: run it as root.`
  if (code === 'ENOENT') return `${message}. Load the kernel module: modprobe tun`
  return message
}
