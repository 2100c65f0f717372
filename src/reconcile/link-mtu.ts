/**
 * The MTU a link is to have. Given, it is that. Otherwise a link on top of another follows it, less what the
 * encapsulation takes, as the kernel does once when the link is made; everything else is left as it is.
 */
import { overheadOf } from '../model/index.ts'
import type { LinkIntent, LinkSettings, WireGuardIntent } from '../model/index.ts'
import type { Place } from './place.ts'

/**
 * Undefined: to be left alone. Parents come first in a diff, so theirs is what they are about to have. Under one that
 * is nobody's concern of ours a link only ever shrinks: who made it smaller may have had a reason.
 */
export const linkMtu = (
  intent: LinkIntent,
  place: Place,
  o: {
    /** Those it is about to have, which differ from the wanted ones while it stands on another link than it should. */
    readonly settings: LinkSettings
    /** Undefined while it is being made. */
    readonly currentBytes?: number | undefined
  },
): number | undefined => {
  if (intent.mtuBytes !== undefined) return intent.mtuBytes
  const overhead = overheadOf(intent)
  const parent = place.links.get(String(o.settings.link ?? ''))
  if (overhead === undefined || parent === undefined || parent.mtuBytes <= overhead) return undefined
  const most = parent.mtuBytes - overhead
  const fits = o.currentBytes !== undefined && o.currentBytes <= most
  return fits && !place.wanted.has(parent.name) ? undefined : most
}

export const wireguardMtu = (intent: WireGuardIntent): number => intent.mtuBytes
