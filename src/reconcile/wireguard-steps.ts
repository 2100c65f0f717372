/**
 * One WireGuard interface, in its own order:
 *
 *   link ▸ mark ▸ process ▸ mtu ▸ wireguard ▸ addresses ▸ up ▸ sysctls ▸ routes
 *
 * In a container the link is made in the node's own namespace, where its socket stays, and moved from there by the
 * same step; what a crash in between left behind under the birth name goes first.
 */
import { birthNameOf } from '../model/index.ts'
import type { Backend, ObservedLink, Step } from '../model/index.ts'
import { missingAddresses, missingRoutes, staleAddresses } from './address-steps.ts'
import type { DiffInput } from './difference.ts'
import { wireguardMtu } from './link-mtu.ts'
import { wireguardChange } from './peer-steps.ts'
import { forget, forgetItself, imagine, stepIn } from './place.ts'
import type { Place } from './place.ts'
import { sysctlSteps } from './sysctl-steps.ts'
import type { WantedWireGuard } from './wanted.ts'

export const backendOf = (link: ObservedLink): Backend => (link.kind === 'wireguard' ? 'kernel' : 'userspace')

const markOf = ({ intent }: WantedWireGuard): { fwmark?: number } =>
  intent.fwmark === undefined ? {} : { fwmark: intent.fwmark }

export const makeWireguard = (wanted: WantedWireGuard, input: DiffInput, own: Place): Step[] => {
  const { name, place, id, intent } = wanted
  const { backend } = input
  const mtuBytes = wireguardMtu(intent)
  const create = stepIn(place, {
    kind: 'link-create',
    link: name,
    backend,
    mtuBytes,
    ...(backend === 'userspace' ? markOf(wanted) : {}),
  })
  const kind = backend === 'kernel' ? 'wireguard' : 'tun'
  forgetItself(place, name)
  place.links.set(name, {
    ...{ index: 0, name, kind, up: false, mtuBytes, altNames: [] },
    ...{ operState: 'down', flags: [], settings: {} },
  })
  return [...leftBehind(place, own, birthNameOf(id)), create, ...content(wanted, input, backend)]
}

const leftBehind = (place: Place, own: Place, birthName: string): Step[] => {
  const link = place.container === undefined ? undefined : own.links.get(birthName)
  if (link === undefined) return []
  forget(own, birthName)
  return [stepIn(own, { kind: 'link-delete', link: birthName, backend: backendOf(link) })]
}

export const settleWireguard = (wanted: WantedWireGuard, have: ObservedLink, input: DiffInput): Step[] => {
  const { name, place, intent } = wanted
  const device = place.devices.get(name)
  // Whether its process is found under its old name again is seen only when one looks.
  if (place.renamed.has(name) && have.kind === 'tun') return []
  const steps: Step[] = []
  if (have.kind !== 'wireguard' && device === undefined)
    steps.push(stepIn(place, { kind: 'device-start', link: name, ...markOf(wanted) }))
  const mtuBytes = wireguardMtu(intent)
  if (have.mtuBytes !== mtuBytes) steps.push(stepIn(place, { kind: 'link-set', link: name, mtuBytes }))
  return [...steps, ...content(wanted, input, device?.backend ?? backendOf(have))]
}

const content = (wanted: WantedWireGuard, input: DiffInput, backend: Backend): Step[] => {
  const { name, place } = wanted
  const change = wireguardChange(wanted, place.devices.get(name), input)
  return [
    ...(change === undefined ? [] : [stepIn(place, { kind: 'wireguard-set', link: name, backend, change })]),
    ...staleAddresses(wanted),
    ...missingAddresses(wanted),
    ...(place.links.get(name)?.up === true
      ? []
      : [stepIn(place, { kind: 'link-set', link: name, up: true })]),
    ...sysctlSteps(wanted, { ipv6Consent: input.ipv6Consent ?? false }),
    ...missingRoutes(wanted),
  ]
}

/** What others on top of it may count on from now on. */
export const imagineWireguard = ({ name, place, intent }: WantedWireGuard): void =>
  imagine(place, name, { up: true, mtuBytes: wireguardMtu(intent) })
