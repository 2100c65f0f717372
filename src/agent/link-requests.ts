/** Steps on links of every kind but WireGuard, as requests to rtnetlink. */
import type { LinkChange, LinkSpec } from '../linux/index.ts'
import { netnsNameOf } from '../model/index.ts'
import type { Step } from '../model/index.ts'
import type { ApplyOptions } from './apply-steps.ts'

export const specOf = (step: Extract<Step, { kind: 'link-add' }>, o: ApplyOptions): LinkSpec => ({
  name: step.link,
  kind: step.type,
  settings: step.settings,
  ...propertiesOf(step),
  ...(step.peer === undefined
    ? {}
    : { peer: { name: step.peer.link, ...propertiesOf(step.peer), ...netnsOf(step.peer, o) } }),
})

const propertiesOf = (step: { readonly mtuBytes?: number; readonly hardwareAddress?: string }) => ({
  ...(step.mtuBytes === undefined ? {} : { mtuBytes: step.mtuBytes }),
  ...(step.hardwareAddress === undefined ? {} : { hardwareAddress: step.hardwareAddress }),
})

type Peer = NonNullable<Extract<Step, { kind: 'link-add' }>['peer']>

/** The other end of a veth is made where it belongs, in the same request. */
const netnsOf = (peer: Peer, { here, namespaces }: ApplyOptions): { readonly netns?: number } => {
  const name = netnsNameOf(peer.in)
  const there = namespaces.get(name)
  if (there === undefined)
    throw new Error(`Cannot make ${peer.link}: the network namespace of ${name} is gone`)
  return there === here ? {} : { netns: there.fd }
}

export const changeOf = (step: Extract<Step, { kind: 'link-set' }>): LinkChange => ({
  ...(step.name === undefined ? {} : { name: step.name }),
  ...(step.up === undefined ? {} : { up: step.up }),
  ...propertiesOf(step),
  ...(step.master === undefined ? {} : { master: step.master }),
  ...(step.type === undefined || step.settings === undefined
    ? {}
    : { kind: step.type, settings: step.settings }),
})
