/**
 * The MTU a link is to have. Given, it is that. Otherwise a link on top of another follows it, less what the
 * encapsulation takes, as the kernel does once when the link is made; everything else is left as it is.
 */
import { overheadOf } from '../model/index.ts'
import type { LinkIntent, LinkSettings, WireGuardIntent } from '../model/index.ts'
import type { Place } from './place.ts'

/**
 * Undefined: to be left alone. Parents come first in a diff, so theirs is what they are about to have. `settings`:
 * those it is about to have, which differ from the wanted ones while it stands on another link than it should.
 */
export const linkMtu = (intent: LinkIntent, place: Place, settings: LinkSettings): number | undefined => {
  if (intent.mtuBytes !== undefined) return intent.mtuBytes
  const overhead = overheadOf(intent)
  const parent = place.links.get(String(settings.link ?? ''))
  if (overhead === undefined || parent === undefined || parent.mtuBytes <= overhead) return undefined
  return parent.mtuBytes - overhead
}

export const wireguardMtu = (intent: WireGuardIntent): number => intent.mtuBytes
