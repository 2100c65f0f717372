/**
 * The forwarding entries of a vxlan: an exact set of the permanent ones. Learned ones come and go with the traffic,
 * and the kernel's own for `remote` (all zeros, to the group) goes with that setting.
 */
import type { ForwardingIntent, Step } from '../model/index.ts'
import { stepIn } from './place.ts'
import type { WantedLink } from './wanted.ts'

const DEFAULT = '00:00:00:00:00:00'

const keyOf = (e: ForwardingIntent): string => `${e.hardwareAddress.toLowerCase()} ${e.destination}`

export const forwardingSteps = ({ name, place, intent }: WantedLink): Step[] => {
  if (intent.forwarding === undefined) return []
  const groups = [intent.settings.group, place.links.get(name)?.settings.group]
  const isDefault = (e: ForwardingIntent): boolean =>
    e.hardwareAddress === DEFAULT && groups.includes(e.destination)
  const permanent = (place.forwarding.get(name) ?? []).filter((e) => !e.learned)
  const have = new Set(permanent.map(keyOf))
  const want = new Set(intent.forwarding.map(keyOf))
  const step = (kind: 'forwarding-add' | 'forwarding-delete', e: ForwardingIntent): Step =>
    stepIn(place, {
      kind,
      link: name,
      entry: { hardwareAddress: e.hardwareAddress, destination: e.destination },
    })
  return [
    ...permanent.filter((e) => !want.has(keyOf(e)) && !isDefault(e)).map((e) => step('forwarding-delete', e)),
    ...intent.forwarding
      .filter((e) => !have.has(keyOf(e)) && !isDefault(e))
      .map((e) => step('forwarding-add', e)),
  ]
}
