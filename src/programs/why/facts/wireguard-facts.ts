/** WireGuard devices without their secrets: only the peers on the path, and what grew while the probes were out. */
import { createHash } from 'node:crypto'
import type { DeviceFacts, FactQuestions, PeerFacts } from '../../../diagnosis/index.ts'
import { containsAddress, parseAddress, parsePrefix } from '../../../model/index.ts'
import type { RunningInterface } from '../../host/running.ts'
import { publicKeyOf } from '../../wg-quick/key-pair.ts'

const DIGEST_CHARACTERS = 16

export interface Samples {
  readonly before: readonly RunningInterface[]
  readonly after: readonly RunningInterface[]
  readonly questions: FactQuestions
}

type Peer = RunningInterface['device']['peers'][number]

export function deviceFacts({ before, after, questions }: Samples): DeviceFacts[] {
  return after.map((one) => {
    const earlier = before.find((candidate) => candidate.name === one.name)
    const { privateKey, listenPort, fwmark, peers } = one.device
    return {
      link: one.name,
      backend: one.backend,
      publicKey: privateKey === undefined ? null : publicKeyOf(privateKey),
      listenPort,
      fwmark,
      peers: peers
        .filter((peer) => isAskedFor(peer, questions))
        .map((peer) =>
          peerFacts(
            peer,
            earlier?.device.peers.find(({ publicKey }) => publicKey === peer.publicKey),
          ),
        ),
    }
  })
}

function isAskedFor(peer: Peer, { peers, addresses, arrivals }: FactQuestions): boolean {
  if (peers.includes(peer.publicKey)) return true
  const wanted = [...addresses, ...arrivals.flatMap(({ from, to }) => [from, to])]
  return wanted.some((text) => {
    const address = parseAddress(text)
    return (
      address !== undefined &&
      peer.allowedIPs.some((one) => {
        const prefix = parsePrefix(one)
        return prefix !== undefined && containsAddress(prefix, address)
      })
    )
  })
}

function peerFacts(peer: Peer, earlier: Peer | undefined): PeerFacts {
  return {
    publicKey: peer.publicKey,
    presharedKeyDigest:
      peer.presharedKey === undefined
        ? null
        : createHash('sha256').update(peer.presharedKey).digest('hex').slice(0, DIGEST_CHARACTERS),
    endpoint: peer.endpoint ?? null,
    allowedIPs: peer.allowedIPs,
    lastHandshakeMs:
      peer.lastHandshakeSeconds === 0
        ? null
        : peer.lastHandshakeSeconds * 1000 + Math.floor(peer.lastHandshakeNanoseconds / 1e6),
    rxBytes: peer.rxBytes,
    txBytes: peer.txBytes,
    // A peer that was made anew begins at 0.
    rxGrewBytes: Math.max(0, peer.rxBytes - (earlier?.rxBytes ?? 0)),
    txGrewBytes: Math.max(0, peer.txBytes - (earlier?.txBytes ?? 0)),
  }
}
