/** The machine itself: Node, kernel, privileges, clock. */
import { type HostCheck, hostFindings, KERNEL_FEATURES } from './host-facts.ts'

const LEAST_NODE = 24

export const nodeVersion: HostCheck = ({ nodeVersion: version }) => {
  const { ok, fail } = hostFindings('node')
  const major = Number(/^v?(\d+)/.exec(version)?.[1] ?? 0)
  return major >= LEAST_NODE
    ? ok(`Node ${version}`)
    : fail(`Node ${version} is older than ${LEAST_NODE}`, `Install Node ${LEAST_NODE} or newer.`)
}

const NEEDED = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']

export const capabilities: HostCheck = ({ capabilities: own }) => {
  const { ok, fail, warn } = hostFindings('capabilities')
  const missing = NEEDED.filter((one) => !own.includes(one))
  if (missing.length === 0) return ok('everything an agent needs')
  return missing.includes('CAP_NET_ADMIN')
    ? fail(
        `${missing.join(', ')} missing: nothing of the network can be changed`,
        'Run it as root: sudo warren doctor',
      )
    : warn(
        `${missing.join(', ')} missing: containers and probes will not work`,
        'Run it as root: sudo warren doctor',
      )
}

/** One of the two is enough; the kernel's is faster. */
export const wireguard: HostCheck = ({ features, tunDevice, kernelRelease }) => {
  const { ok, warn, fail } = hostFindings('wireguard')
  const canTun = features.tun !== false && tunDevice === 'usable'
  if (features.wireguard === true) return ok(`the kernel's own (${kernelRelease})`)
  const instead = 'warren device serves the tunnels in userspace'
  if (features.wireguard === null)
    return canTun
      ? warn('could not be tried', 'sudo warren doctor')
      : fail('could not be tried', 'sudo warren doctor')
  return canTun
    ? warn(`not in this kernel (${kernelRelease}): ${instead}`, 'modprobe wireguard')
    : fail(
        `neither in this kernel (${kernelRelease}) nor in userspace, for lack of TUN`,
        'modprobe wireguard',
        'modprobe tun',
      )
}

export const tun: HostCheck = ({ tunDevice, features }) => {
  const { ok, warn } = hostFindings('tun')
  if (tunDevice === 'usable' && features.tun !== false) return ok('/dev/net/tun')
  if (tunDevice === 'forbidden')
    return warn('/dev/net/tun is not for this user: no userspace tunnels', 'sudo warren doctor')
  return warn(
    'there is no /dev/net/tun: no userspace tunnels',
    'modprobe tun',
    'In a container: --device /dev/net/tun',
  )
}

const NAMED_ELSEWHERE = new Set(['wireguard', 'tun'])

export const linkKinds: HostCheck = ({ features }) => {
  const { ok, warn } = hostFindings('kernel')
  const rest = KERNEL_FEATURES.filter((one) => !NAMED_ELSEWHERE.has(one))
  const missing = rest.filter((one) => features[one] === false)
  const untried = rest.filter((one) => features[one] === null)
  if (untried.length > 0) return warn(`could not be tried: ${untried.join(', ')}`, 'sudo warren doctor')
  return missing.length === 0
    ? ok(`has ${rest.join(', ')}`)
    : warn(
        `lacks ${missing.join(', ')}: plans cannot use them here`,
        ...missing.map((one) => `modprobe ${MODULES[one] ?? one}`),
      )
}

const MODULES: Readonly<Record<string, string>> = { vlan: '8021q', nftables: 'nf_tables', gre: 'ip_gre' }

const THIS_SOURCE_IS_FROM_MS = Date.UTC(2025, 0, 1)
const FAR_MS = Date.UTC(2100, 0, 1)

/** WireGuard refuses handshakes that are older than the last, so a clock that starts in 1970 cuts a machine off. */
export const clock: HostCheck = ({ nowMs, clockSynchronised }) => {
  const { ok, warn, fail } = hostFindings('clock')
  const now = new Date(nowMs).toISOString().slice(0, 16)
  if (nowMs < THIS_SOURCE_IS_FROM_MS || nowMs > FAR_MS)
    return fail(`${now} is not today: peers refuse handshakes from the past`, 'timedatectl set-ntp true')
  if (clockSynchronised === false)
    return warn(`${now}, and the time service has not synchronised it yet`, 'timedatectl status')
  return clockSynchronised === null
    ? warn(`${now}, and nothing keeps it right`, 'apt-get install systemd-timesyncd')
    : ok(`${now}, kept right by a time service`)
}
