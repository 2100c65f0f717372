/** A packet and its outer headers must fit into the link below, and IPv6 needs 1280 bytes (RFC 8200 §5). */
import { overheadOf } from '../../model/index.ts'
import type { ProblemList } from '../problem-list.ts'
import { type NodeLinks, parentOf } from './node-links.ts'

const MIN_MTU_IPV6 = 1280

export function checkLinkMtus({ links, byId }: NodeLinks, problems: ProblemList): void {
  for (const link of links) {
    const { end, mtuBytes, name, addresses } = link
    if (end === undefined || mtuBytes === undefined) continue
    const where = { object: end.object, path: end.pathOf('mtu') }
    const overhead = overheadOf(end.intent)
    const below = parentOf(link, byId)
    const room =
      below?.mtuBytes === undefined || overhead === undefined ? undefined : below.mtuBytes - overhead
    if (room !== undefined && mtuBytes > room) {
      const headers = overhead === 0 ? '' : `, less ${overhead} for the outer headers`
      const message = `the MTU of ${name} is ${mtuBytes}, and ${below?.name} has ${below?.mtuBytes}${headers}`
      const hint = `Use ${room} or less, or leave it out: it then follows ${below?.name}.`
      problems.add(where, { code: 'MtuTooLarge', message, hint })
    }
    if (mtuBytes < MIN_MTU_IPV6 && addresses.some(({ local }) => local.includes(':'))) {
      const message = `${name} has IPv6 and an MTU of ${mtuBytes}, below 1280`
      const hint =
        end.intent.mtuBytes === undefined || room === mtuBytes
          ? `Raise the MTU of ${below?.name ?? name}, or leave IPv6 out.`
          : 'Use 1280 or more, or no IPv6 addresses.'
      problems.add(where, { code: 'MtuTooSmall', message, hint })
    }
  }
}
