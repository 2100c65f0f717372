/**
 * What is to become of each wanted link, before any step is made: whether it is there, whose it is, whether it can
 * become what is wanted, and whether what it stands on is there. Asked in any order, the answers are the same.
 */
import { linkIdOf, netnsNameOf } from '../model/index.ts'
import type { ObservedLink } from '../model/index.ts'
import { arePeers, withDependants } from './dependants.ts'
import type { Dependants, Spot } from './dependants.ts'
import type { Waiting } from './difference.ts'
import { settingsDifference } from './link-settings.ts'
import { isBlank, isBlankLink, isOurs, isWireGuard, markedAs } from './ownership.ts'
import type { Place } from './place.ts'
import { awayIn } from './wanted.ts'
import type { Away, Scene, Wanted, WantedLink, WantedWireGuard } from './wanted.ts'
import { backendOf } from './wireguard-steps.ts'

/** How a link that is there is ours: by its mark, as what a crash left, by consent; or not at all. */
export type Claim = 'ours' | 'blank' | 'adopted' | 'foreign'

export interface Verdict {
  /** `replace`: deleted and made anew. `none`: nothing can be done about it for now. */
  readonly action: 'make' | 'replace' | 'settle' | 'none'
  readonly claim: Claim
  /** False while the link below it is missing. */
  readonly withParent: boolean
  readonly waiting?: Waiting
  readonly conflict?: Conflict
}

interface Conflict {
  readonly message: string
  readonly hint: string
}

const none = (o: { readonly waiting?: Waiting; readonly conflict?: Conflict }): Verdict => ({
  action: 'none',
  claim: 'ours',
  withParent: true,
  ...o,
})

export class Judge {
  readonly #scene: Scene
  readonly #dependants: Dependants
  readonly #verdicts = new Map<string, Verdict | 'judging'>()

  constructor(scene: Scene, dependants: Dependants) {
    this.#scene = scene
    this.#dependants = dependants
  }

  /** `none` while it is being judged: links that stand on each other stand on nothing. */
  of(wanted: Wanted): Verdict {
    const known = this.#verdicts.get(wanted.id)
    if (known === 'judging') return none({})
    if (known !== undefined) return known
    this.#verdicts.set(wanted.id, 'judging')
    const verdict = wanted.kind === 'wireguard' ? this.#wireguard(wanted) : this.#link(wanted)
    this.#verdicts.set(wanted.id, verdict)
    return verdict
  }

  #wireguard(wanted: WantedWireGuard): Verdict {
    const { name, place, intent } = wanted
    const { input } = this.#scene
    const link = place.links.get(name)
    if (link === undefined) return { action: 'make', claim: 'ours', withParent: true }
    const device = place.devices.get(name)
    if (isOurs(link)) {
      const backend = backendOf(link)
      const otherKind = link.kind !== 'wireguard' && link.kind !== 'tun'
      const wrongBackend = input.enforceBackend === true && backend !== input.backend
      // A device's mark is given when its process starts, with privileges that it then gives up.
      const wrongMark =
        backend === 'userspace' && device !== undefined && device.fwmark !== (intent.fwmark ?? 0)
      // Its socket and its link are in two namespaces: a new process could not have both.
      const dead = place.container !== undefined && link.kind === 'tun' && device === undefined
      if (otherKind || wrongBackend || wrongMark || dead) return this.#anew(wanted, [wanted])
      return { action: 'settle', claim: 'ours', withParent: true }
    }
    if (isBlank(link, place)) return { action: 'settle', claim: 'blank', withParent: true }
    if (!isWireGuard(link, device)) return none({ conflict: otherKind(name, link, 'a WireGuard interface') })
    return { action: 'settle', claim: intent.adopt === true ? 'adopted' : 'foreign', withParent: true }
  }

  #link(wanted: WantedLink): Verdict {
    const { name, place, intent } = wanted
    if (intent.peer !== undefined) return this.#vethEnd(wanted)
    const link = place.links.get(name)
    const waiting = this.#parentMissing(wanted)
    const withParent = waiting === undefined
    if (link === undefined)
      return waiting === undefined ? { action: 'make', claim: 'ours', withParent } : none({ waiting })
    const claim = claimOn(wanted, link)
    if (link.kind !== intent.kind)
      return waiting !== undefined && isOurs(link) ? none({ waiting }) : this.#otherKind(wanted, link)
    const settled = { action: 'settle', claim, withParent } as const
    if (waiting !== undefined) return { ...settled, waiting }
    const { fixed } = settingsDifference(intent.kind, intent.settings, link.settings)
    if (fixed.length === 0) return settled
    if (claim === 'foreign') {
      const message = `${name} exists, was not made by Warren, and has another ${fixed.join(', ')}`
      return {
        ...settled,
        conflict: { message, hint: 'Give the link another name, or remove the other one.' },
      }
    }
    const why = `cannot change ${fixed.join(', ')} of a ${intent.kind} that is there`
    return this.#replace(wanted, { settled, why: `the kernel ${why}` })
  }

  #otherKind(wanted: WantedLink, link: ObservedLink): Verdict {
    const { name, intent } = wanted
    if (!isOurs(link)) return none({ conflict: otherKind(name, link, `a ${intent.kind}`) })
    const why = `it is a ${link.kind || 'hardware link'} and is to be a ${intent.kind}`
    return this.#replace(wanted, { settled: none({}), why })
  }

  /** When that is allowed, and when it takes nothing along that is not ours. */
  #replace(wanted: WantedLink, o: { readonly settled: Verdict; readonly why: string }): Verdict {
    const { id, name, intent } = wanted
    const allowed = intent.replacePolicy === 'DeleteAndCreate'
    const others = allowed ? this.#othersOn(wanted) : []
    if (allowed && others.length === 0) return { ...o.settled, claim: 'ours', action: 'replace' }
    const [message, hint] = allowed
      ? [
          `${name} has to be made anew (${o.why}), and ${others.join(', ')} on it would go with it`,
          `Remove ${others.join(', ')} first.`,
        ]
      : [
          `${name} has to be made anew: ${o.why}`,
          'Set spec.replacePolicy: DeleteAndCreate to allow that, or undo the change.',
        ]
    return { ...o.settled, waiting: { link: id, reason: 'ReplaceNeeded', message, hint } }
  }

  /** Links that would go or fall out with it and that are nobody's to lose. */
  #othersOn({ name, place, intent }: WantedLink): string[] {
    const spots = withDependants([{ place, name }], this.#dependants)
    const isOthers = (place: Place, link: ObservedLink): boolean =>
      markedAs(link) === undefined || place.left.has(link.name)
    const others = spots.flatMap(({ place, name }) => {
      const link = place.links.get(name)
      return link !== undefined && isOthers(place, link) ? [name] : []
    })
    const ports = [...place.links.values()].filter(
      (l) => l.master === name && isOthers(place, l) && intent.ports?.includes(l.name) !== true,
    )
    return [...others, ...ports.map((l) => l.name)].filter((n) => n !== name)
  }

  #parentMissing({ id, name, place, intent }: WantedLink): Waiting | undefined {
    const { link: parent } = intent.settings
    if (typeof parent !== 'string' || parent === '') return undefined
    const wanted = place.wanted.get(parent)
    if (place.links.has(parent) || (wanted !== undefined && this.of(wanted).action !== 'none'))
      return undefined
    return {
      link: id,
      reason: 'ParentMissing',
      message: `${name} is to be on top of ${parent}, which is not there`,
      hint: `It is made as soon as ${parent} appears.`,
    }
  }

  #vethEnd(wanted: WantedLink): Verdict {
    const { name, place, intent } = wanted
    const { places, wanted: all } = this.#scene
    const netns = netnsNameOf(intent.peer?.container)
    const link = place.links.get(name)
    const otherPlace = places.get(netns)
    if (otherPlace === undefined) return away(wanted.id, awayIn(this.#scene, netns))
    const otherName = intent.peer?.name ?? ''
    const other = all.get(linkIdOf(otherName, intent.peer?.container))
    if (other?.kind !== 'link') return none({})
    const otherLink = otherPlace.links.get(otherName)
    if (link === undefined && otherLink === undefined)
      return { action: 'make', claim: 'ours', withParent: true }
    const claims = [claimOn(wanted, link), claimOn(other, otherLink)] as const
    if (link !== undefined && otherLink !== undefined && arePeers(link, otherLink))
      return { action: 'settle', claim: pairClaim(claims), withParent: true }
    if (claims[0] === 'ours' && claims[1] === 'ours') return this.#brokenPair(wanted, other)
    const strange = claims[0] === 'ours' ? otherName : name
    const message = `${strange} exists, was not made by Warren, and is not the other end that ${name === strange ? otherName : name} needs`
    return none({ conflict: { message, hint: `Remove ${strange}, or give this end another name.` } })
  }

  /** One end is missing or belongs to another one: only making both anew helps, and nothing works meanwhile. */
  #brokenPair(wanted: WantedLink, other: WantedLink): Verdict {
    const ends = [wanted, other].map(({ place, name }) => place.links.get(name))
    const strange = ends.find((end) => end !== undefined && end.kind !== 'veth')
    return strange === undefined ? this.#anew(wanted, [wanted, other]) : this.#otherKind(wanted, strange)
  }

  /** Without asking anybody, because it does not work as it is; but not under a link that is to be left alone. */
  #anew({ id, name }: Wanted, spots: readonly Spot[]): Verdict {
    const left = withDependants(spots, this.#dependants).filter((s) => s.place.left.has(s.name))
    if (left.length === 0) return { action: 'replace', claim: 'ours', withParent: true }
    const message = `${name} has to be made anew, and ${left.map((s) => s.name).join(', ')} on it is to be left alone`
    const hint = 'It is made anew as soon as what is on it may change again.'
    return none({ waiting: { link: id, reason: 'ReplaceNeeded', message, hint } })
  }
}

/** A link that is not there is ours to make. */
const claimOn = (wanted: WantedLink, link: ObservedLink | undefined): Claim => {
  if (link === undefined || isOurs(link)) return 'ours'
  // Consent first: a mark is then no change, also on a link that is as blank as one of ours after a crash.
  if (wanted.intent.adopt && link.kind === wanted.intent.kind) return 'adopted'
  return isBlankLink(link, wanted) ? 'blank' : 'foreign'
}

/** The mark of one end speaks for both: they were made together, and one may not have got its own. */
const pairClaim = ([own, other]: readonly [Claim, Claim]): Claim => {
  if (own === 'ours' || own === 'adopted') return own
  if (own === 'blank') return other === 'ours' || other === 'blank' ? 'blank' : other
  return other === 'ours' ? 'blank' : 'foreign'
}

const otherKind = (name: string, link: ObservedLink, wanted: string): Conflict => ({
  message: `${name} exists and is not ${wanted} but ${link.kind || 'hardware'}`,
  hint: 'Give the interface another name.',
})

export const away = (id: string, { kind, message, hint }: Away): Verdict =>
  none({
    waiting: {
      link: id,
      reason: kind === 'absent' ? 'ContainerMissing' : 'ContainerUnknown',
      message,
      hint: hint ?? 'It is made as soon as its container runs.',
    },
  })
