/**
 * One link that is not WireGuard, in its own order:
 *
 *   add ▸ mark ▸ stale addresses ▸ down ▸ settings ▸ mtu, hardware address ▸ master ▸ ports ▸ addresses ▸ up ▸
 *   forwarding ▸ routes
 *
 * Settings go in a request of their own: a vxlan refuses a change of both them and the MTU. A link that goes down
 * loses its IPv6 addresses, and one that is up when it enters a VRF goes down for a moment: so addresses are removed
 * before that and added after it.
 */
import type { LinkIntent, LinkSettings, ObservedLink, Step } from '../model/index.ts'
import { missingAddresses, missingRoutes, staleAddresses } from './address-steps.ts'
import type { Waiting } from './difference.ts'
import { forwardingSteps } from './forwarding-steps.ts'
import { linkMtu } from './link-mtu.ts'
import { settingsDifference } from './link-settings.ts'
import { forgetItself, imagine, imagineDown, stepIn } from './place.ts'
import type { Place } from './place.ts'
import { masterSteps, portSteps } from './ports.ts'
import type { Listings } from './ports.ts'
import type { WantedLink } from './wanted.ts'

interface Settled {
  readonly steps: Step[]
  readonly waiting: Waiting[]
}

interface Shape {
  readonly mtuBytes?: number
  readonly hardwareAddress?: string
}

/** What a new link is told from its first moment. */
const shapeOf = (
  intent: LinkIntent,
  place: Place,
  has: { readonly settings: LinkSettings; readonly currentBytes?: number } = intent,
): Shape => {
  const mtuBytes = linkMtu(intent, place, has)
  const { hardwareAddress } = intent
  return {
    ...(mtuBytes === undefined ? {} : { mtuBytes }),
    ...(hardwareAddress === undefined ? {} : { hardwareAddress }),
  }
}

/** The link, or both ends of a veth, and the marks. A pair is made from the node's own namespace where it has an end there. */
export const addLink = (one: WantedLink, its: WantedLink | undefined): Step[] => {
  const isAway = one.place.container !== undefined && its?.place.container === undefined
  const [wanted, other] = isAway && its !== undefined ? [its, one] : [one, its]
  const { name, place, intent } = wanted
  const peer =
    other === undefined
      ? {}
      : {
          peer: {
            link: other.name,
            ...(other.place.container === undefined ? {} : { in: other.place.container }),
            ...shapeOf(other.intent, other.place),
          },
        }
  const add = stepIn(place, {
    kind: 'link-add',
    link: name,
    type: intent.kind,
    settings: intent.settings,
    ...shapeOf(intent, place),
    ...peer,
  })
  const ends = other === undefined ? [wanted] : [wanted, other]
  ends.forEach(imagineNew)
  return [add, ...ends.map((end) => markStep(end))]
}

export const markStep = ({ name, place }: { readonly name: string; readonly place: Place }): Step =>
  stepIn(place, { kind: 'link-mark', link: name })

const imagineNew = ({ name, place, intent }: WantedLink): void => {
  const { mtuBytes = 0, hardwareAddress } = shapeOf(intent, place)
  forgetItself(place, name)
  place.links.set(name, {
    ...{ index: 0, name, kind: intent.kind, up: false, mtuBytes, altNames: [] },
    ...{ operState: 'down', flags: [], settings: intent.settings },
    ...(hardwareAddress === undefined ? {} : { hardwareAddress }),
  })
}

/** `withParent`: false while the link below is missing, whatever the intent says about it. */
export const settleLink = (
  wanted: WantedLink,
  have: ObservedLink,
  { listings, withParent }: { readonly listings: Listings; readonly withParent: boolean },
): Settled => {
  const { name, place, intent } = wanted
  const settings = withParent ? intent.settings : { ...intent.settings, link: have.settings.link ?? '' }
  const { change } = settingsDifference(intent.kind, settings, have.settings)
  const becomes = { ...have.settings, ...change }
  const shape = shapeOf(intent, place, { settings: becomes, currentBytes: have.mtuBytes })
  const blocked = parentIsDown(wanted, becomes)
  const up = intent.up && blocked === undefined
  const stale = staleAddresses(wanted)
  if (!intent.up) imagineDown(place, name)
  const master = masterSteps(wanted, listings)
  const ports = portSteps(wanted, listings)
  const steps = [
    ...stale,
    ...(have.up && !intent.up ? [stepIn(place, { kind: 'link-set', link: name, up: false })] : []),
    ...(change === undefined
      ? []
      : [stepIn(place, { kind: 'link-set', link: name, type: intent.kind, settings: change })]),
    ...shapeSteps(wanted, have, shape),
    ...master.steps,
    ...ports.steps,
    ...missingAddresses(wanted),
    ...(up && !have.up ? [stepIn(place, { kind: 'link-set', link: name, up: true })] : []),
    ...forwardingSteps(wanted),
    ...(up ? missingRoutes(wanted) : []),
  ]
  imagine(place, name, {
    up: have.up ? intent.up : up,
    mtuBytes: shape.mtuBytes ?? have.mtuBytes,
    settings: becomes,
  })
  return {
    steps,
    waiting: [...(blocked === undefined ? [] : [blocked]), ...master.waiting, ...ports.waiting],
  }
}

const shapeSteps = (
  { name, place }: WantedLink,
  have: ObservedLink,
  { mtuBytes, hardwareAddress }: Shape,
): Step[] => {
  const change = {
    ...(mtuBytes === undefined || mtuBytes === have.mtuBytes ? {} : { mtuBytes }),
    ...(hardwareAddress === undefined || sameHardware(hardwareAddress, have.hardwareAddress)
      ? {}
      : { hardwareAddress }),
  }
  return Object.keys(change).length === 0 ? [] : [stepIn(place, { kind: 'link-set', link: name, ...change })]
}

const sameHardware = (a: string, b: string | undefined): boolean => a.toLowerCase() === b?.toLowerCase()

/** A VLAN goes up with the link below it, and is refused before (ENETDOWN). */
const parentIsDown = (
  { id, name, place, intent }: WantedLink,
  settings: LinkSettings,
): Waiting | undefined => {
  const parent = intent.kind === 'vlan' && intent.up ? String(settings.link ?? '') : ''
  if (place.links.get(parent)?.up !== false) return undefined
  return {
    link: id,
    reason: 'ParentMissing',
    message: `${name} cannot be up while ${parent} is down`,
    hint: `Bring ${parent} up.`,
  }
}
