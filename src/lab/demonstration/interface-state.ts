/**
 * One machine's tunnel as the kernel and the interface itself show it, independent of what the agent says. The
 * userspace interface is asked over its UAPI socket (the cross-platform interface of wireguard.com/xplatform).
 */
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import { type Address, WireGuardNetlink } from '../../linux/index.ts'
import type { Machine } from '../runtime/machine.ts'

export interface TunnelState {
  readonly up: boolean
  /** Sorted by address. */
  readonly addresses: readonly TunnelAddress[]
  /** Public keys, in base64. */
  readonly peers: readonly string[]
}

export type TunnelAddress = Pick<Address, 'local' | 'prefixLength' | 'peer'>

export async function tunnelState(machine: Machine, link: string): Promise<TunnelState | undefined> {
  const found = machine.route.link(link)
  if (found === undefined) return undefined
  const addresses = machine.route
    .addresses()
    .filter((address) => address.linkIndex === found.index && address.scope === 0)
    .map(({ local, prefixLength, peer }) => ({
      local,
      prefixLength,
      ...(peer === undefined ? {} : { peer }),
    }))
    .toSorted((a, b) => (a.local < b.local ? -1 : 1))
  const peers = await peersOf(machine, { link, kernel: found.kind === 'wireguard' })
  return peers === undefined ? undefined : { up: found.up, addresses, peers }
}

/** Undefined while nobody answers for the interface. */
async function peersOf(
  machine: Machine,
  o: { link: string; kernel: boolean },
): Promise<string[] | undefined> {
  if (o.kernel) {
    const peers = withWireGuard(machine, (wireguard) => wireguard.getDevice(o.link)?.peers) ?? []
    return peers.map((peer) => Buffer.from(peer.publicKey).toString('base64')).toSorted()
  }
  const answer = await askUapi(machine, o.link, ['get=1\n\n'])
  const keys = answer?.split('\n').flatMap((line) => /^public_key=([0-9a-f]{64})$/.exec(line)?.[1] ?? [])
  return keys?.map((hex) => Buffer.from(hex, 'hex').toString('base64')).toSorted()
}

/**
 * As somebody at the machine would with `wg set INTERFACE peer KEY remove`. True when the interface was without it
 * right after, in the same breath: an agent may have put it back before anybody can ask again.
 */
export async function removePeer(machine: Machine, o: { link: string; publicKey: string }): Promise<boolean> {
  if (machine.route.link(o.link)?.kind === 'wireguard') {
    const publicKey = Buffer.from(o.publicKey, 'base64')
    const left = withWireGuard(machine, (wireguard) => {
      wireguard.setDevice(o.link, { peers: [{ publicKey, remove: true }] })
      return wireguard.getDevice(o.link)?.peers
    })
    return left?.every((peer) => !publicKey.equals(peer.publicKey)) ?? false
  }
  const hex = Buffer.from(o.publicKey, 'base64').toString('hex')
  const questions = [`set=1\npublic_key=${hex}\nremove=true\n\n`, 'get=1\n\n']
  const answer = await askUapi(machine, o.link, questions)
  return answer !== undefined && !answer.includes(`public_key=${hex}`)
}

function withWireGuard<T>(machine: Machine, run: (wireguard: WireGuardNetlink) => T): T | undefined {
  const wireguard = machine.inside(() => WireGuardNetlink.open(machine.sys))
  if (wireguard === undefined) return undefined
  try {
    return run(wireguard)
  } finally {
    wireguard.close()
  }
}

/** Questions on a connection of their own, all at once; undefined when nobody listens. */
export function askUapi(
  machine: Machine,
  link: string,
  questions: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const socket = connect(machine.path(`/run/wireguard/${link}.sock`))
    socket.on('connect', () => socket.write(questions.join('')))
    socket.on('data', (part) => {
      parts.push(part)
      const text = Buffer.concat(parts).toString('utf8')
      // Either side may keep the connection; `errno` and an empty line end each answer.
      if ((text.match(/^errno=\d+\n$/gm)?.length ?? 0) < questions.length) return
      socket.destroy()
      resolve(text)
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
  })
}
