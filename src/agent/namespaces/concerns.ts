/** Which events of a namespace are about something that is wanted, awaited or ours. */
import { WARREN_PROTOCOL } from '../../model/index.ts'
import type { ObservedLink } from '../../model/index.ts'
import type { ForwardingEvent, RouteEvent } from '../../linux/index.ts'
import { isMarked } from '../../reconcile/index.ts'
import type { WantedThere } from '../by-link.ts'

export class Concerns {
  #names: ReadonlySet<string> = new Set()
  #indexes: ReadonlySet<number> = new Set()

  /** As of an observation. `indexes`: of links that are wanted or ours. */
  now(wanted: WantedThere, links: readonly ObservedLink[], indexes: ReadonlySet<number>): void {
    this.#names = new Set([
      ...wanted.interfaces.map((l) => l.name),
      ...wanted.links.flatMap(namesIn),
      ...links.filter(isMarked).map((l) => l.name),
    ])
    this.#indexes = indexes
  }

  what(event: RouteEvent): string | undefined {
    return this.#isAboutUs(event) ? event.kind.replace('-', ' ') : undefined
  }

  /** What a vxlan learns from its traffic is none of our business. */
  whatForwarding({ kind, forwarding }: ForwardingEvent): string | undefined {
    const isOurs = !forwarding.learned && this.#indexes.has(forwarding.linkIndex)
    return isOurs ? kind.replace('-', ' ') : undefined
  }

  #isAboutUs(event: RouteEvent): boolean {
    switch (event.kind) {
      case 'link':
      case 'link-gone': {
        const { link } = event
        const isPort = link.master !== undefined && this.#indexes.has(link.master)
        return isPort || this.#names.has(link.name) || this.#indexes.has(link.index)
      }
      case 'address':
      case 'address-gone':
        return this.#indexes.has(event.address.linkIndex)
      case 'route':
      case 'route-gone':
        return event.route.protocol === WARREN_PROTOCOL
      case 'rule':
      case 'rule-gone':
        return event.rule.protocol === WARREN_PROTOCOL
    }
  }
}

/** A link by itself and those that it waits for: what it lies on, its ports, its master, its other end. */
const namesIn = (link: WantedThere['links'][number]): string[] => [
  link.name,
  ...(typeof link.settings['link'] === 'string' ? [link.settings['link']] : []),
  ...(link.ports ?? []),
  ...(link.master === undefined ? [] : [link.master]),
]
