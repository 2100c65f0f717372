/**
 * The intent of a node against the running kernel, without an agent: for `plan --live`, `show` and `import`.
 * Reads only.
 */
import type { NodeIntent, ObservedHost, Problem } from '../model/index.ts'
import { diff, peerId } from '../reconcile/index.ts'
import type { Difference, PathState } from '../reconcile/index.ts'
import { devicesOf, idOf } from './by-link.ts'
import { loadBounds } from './bounds.ts'
import { accept } from './desired.ts'
import { LinuxHost } from './linux-host.ts'
import { KeyStore } from './key-store.ts'
import { readPathMtus } from './path-mtu/index.ts'
import { PeerPins } from './pins.ts'
import type { SourceSnapshot } from '../sources/index.ts'

export interface LiveOptions {
  readonly stateDir?: string
  readonly uapiDir?: string
  readonly backend?: 'auto' | 'kernel' | 'userspace'
  /** What this machine allows. Default: /etc/warren/agent.yaml */
  readonly boundsPath?: string
}

const BOUNDS = '/etc/warren/agent.yaml'
const STATE_DIR = '/var/lib/warren'

const open = (o: LiveOptions): LinuxHost =>
  LinuxHost.open({
    backend: o.backend ?? 'auto',
    runDir: '/run/warren',
    stateDir: o.stateDir ?? STATE_DIR,
    ...(o.uapiDir === undefined ? {} : { uapiDir: o.uapiDir }),
  })

/** Everything there is on this host, Warren's or not. */
export const observeHost = async (o: LiveOptions = {}): Promise<ObservedHost> => {
  const host = open(o)
  try {
    return await host.observeAll()
  } finally {
    host.close()
  }
}

export interface PlanStepsInput {
  readonly intent: NodeIntent
  /** Secrets come from here. */
  readonly objects: SourceSnapshot['objects']
}

/** Beside the steps: what an agent would refuse, each with its reason. */
export interface LiveDifference extends Difference {
  readonly problems: readonly Problem[]
}

/**
 * What an agent would do now, within this machine's bounds and with its keys. Endpoints of peers that exist are
 * taken for roamed and left alone.
 */
export const planSteps = async (input: PlanStepsInput, o: LiveOptions = {}): Promise<LiveDifference> => {
  const stateDir = o.stateDir ?? STATE_DIR
  const local = await loadBounds(o.boundsPath ?? BOUNDS)
  if (local.kind === 'problems')
    return { steps: [], conflicts: [], waiting: [], adoptions: [], problems: local.problems }
  const { intent, keys, leave, problems } = await accept(input.intent, {
    objects: input.objects,
    bounds: local.bounds,
    store: new KeyStore(stateDir),
    pins: new PeerPins(stateDir),
    before: undefined,
    write: false,
  })
  const host = open(o)
  try {
    const observed = await host.observe(intent)
    const difference = diff({
      intent,
      observed,
      backend: host.backend,
      publicKeys: keys.publicKeys,
      presharedKeyDigests: keys.presharedKeyDigests,
      endpoints: endpointsOfNewPeers(intent, observed),
      paths: pathsInUse(intent, observed),
      pathMtus: { bytes: new Map(Object.entries(await readPathMtus(stateDir))), raised: new Set() },
      ipv6Consent: local.bounds.allowIPv6Forwarding,
      leave,
    })
    return { ...difference, problems }
  } finally {
    host.close()
  }
}

/** Whether a direct path is in use is for the agent to judge over time; one that it has installed is as wanted. */
const pathsInUse = (intent: NodeIntent, observed: ObservedHost): Map<string, PathState> => {
  const result = new Map<string, PathState>()
  for (const [id, device] of devicesOf(observed)) {
    if (!intent.interfaces.some((wg) => idOf(wg) === id)) continue
    for (const peer of device.peers) {
      if (peer.allowedIPs.length === 0) continue
      const state: PathState = { phase: 'installed', sinceMs: 0, receivedAtMs: 0, rxBytes: peer.rxBytes }
      result.set(peerId(id, peer.publicKey), state)
    }
  }
  return result
}

/** As written in the plan, names and all: wg(8) resolves them itself. */
const endpointsOfNewPeers = (intent: NodeIntent, observed: ObservedHost): Map<string, string> => {
  const result = new Map<string, string>()
  const devices = devicesOf(observed)
  for (const wg of intent.interfaces) {
    const device = devices.get(idOf(wg))
    for (const peer of wg.peers) {
      if (peer.endpoint === undefined) continue
      const seen = device?.peers.find((p) => p.publicKey === peer.publicKey)
      const { host, port } = peer.endpoint
      if (seen?.endpoint === undefined)
        result.set(
          peerId(idOf(wg), peer.publicKey),
          host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
        )
    }
  }
  return result
}
