/** One NetlinkInterface by itself: its blocks against its type, and the fields of a block against each other. */
import {
  containsAddress,
  isLinkName,
  LINK_TYPES,
  type NetlinkInterface,
  parseAddress,
  parsePrefix,
} from '../../model/index.ts'
import type { ProblemList } from '../problem-list.ts'

export function checkBlocks(object: NetlinkInterface, problems: ProblemList): void {
  const { spec, metadata } = object
  for (const type of LINK_TYPES) {
    if (type === spec.type || spec[type] === undefined) continue
    const message = `a ${spec.type} has a block of type ${type}`
    const hint = `Remove it, or write \`type: ${type}\`.`
    problems.add({ object, path: ['spec', type] }, { code: 'TypeMismatch', message, hint })
  }
  if (spec.interfaceName === undefined && !isLinkName(metadata.name)) {
    const message = 'no link can be called like this object: its name is longer than 15 bytes'
    const hint = 'Write `interfaceName`.'
    problems.add({ object, path: ['spec', 'interfaceName'] }, { code: 'InvalidInterfaceName', message, hint })
  }
  if (spec.type === 'bridge') checkBridge(object, problems)
  if (spec.type === 'vxlan') checkVxlan(object, problems)
  if (spec.type === 'ipip' || spec.type === 'gre') checkTunnel(object, spec.type, problems)
}

function checkBridge(object: NetlinkInterface, problems: ProblemList): void {
  const { stp, forwardDelay, groupForwardMask } = object.spec.bridge ?? {}
  const at = (field: string) => ({ object, path: ['spec', 'bridge', field] })
  if (stp === true && forwardDelay !== undefined && forwardDelay < 2) {
    const message = `with the spanning tree protocol it waits 2 seconds at least, not ${forwardDelay}`
    problems.add(at('forwardDelay'), { code: 'InvalidValue', message, hint: 'Write 2 or more.' })
  }
  if (groupForwardMask !== undefined && (groupForwardMask & 7) !== 0) {
    const message = 'the lowest three bits are for protocols that a bridge must not forward'
    problems.add(at('groupForwardMask'), { code: 'InvalidValue', message, hint: 'Leave them 0.' })
  }
}

function checkVxlan(object: NetlinkInterface, problems: ProblemList): void {
  const block = object.spec.vxlan
  if (block === undefined) return
  const { group, remote, local, link, noAge, ageingSeconds, sourcePortRange: range } = block
  const at = (...path: (string | number)[]) => ({ object, path: ['spec', 'vxlan', ...path] })
  if (group !== undefined && !isMulticast(group)) {
    const hint = 'Write it as `remote` when it is one host, or a group as 239.1.1.1 or ff05::100.'
    problems.add(at('group'), {
      code: 'VxlanDestination',
      message: `${group} is not a multicast group`,
      hint,
    })
  }
  if (group !== undefined && isMulticast(group) && link === undefined) {
    const message = 'a group needs a link to join it on'
    problems.add(at('group'), { code: 'VxlanDestination', message, hint: 'Write `link`.' })
  }
  if (remote !== undefined && isMulticast(remote)) {
    const message = `${remote} is a group, not a host`
    problems.add(at('remote'), { code: 'VxlanDestination', message, hint: 'Write it as `group`.' })
  }
  if (group !== undefined && remote !== undefined) {
    const message = 'the kernel keeps one of `remote` and `group`'
    const hint = 'Keep one; further ends go into `forwarding`.'
    problems.add(at('remote'), { code: 'FieldConflict', message, hint })
  }
  if (noAge === true && ageingSeconds !== undefined) {
    const message = 'entries are to be forgotten never, and after a time'
    problems.add(at('noAge'), { code: 'FieldConflict', message, hint: 'Keep one of the two.' })
  }
  if (range !== undefined && range.start > range.end) {
    const message = `the range ends at ${range.end}, before its start ${range.start}`
    problems.add(at('sourcePortRange'), { code: 'InvalidValue', message, hint: 'Swap them.' })
  }
  const outer = group ?? remote ?? local
  checkFamilies([{ field: 'local', text: local }], { outer, object, problems })
  for (const [index, { destination }] of (block.forwarding ?? []).entries()) {
    if (outer === undefined || isV6(destination) === isV6(outer)) continue
    const message = `${destination} is of another family than ${outer}`
    const hint = 'The outer packets of a vxlan are all of one family.'
    problems.add(at('forwarding', index, 'destination'), { code: 'MixedFamilies', message, hint })
  }
}

interface Outside {
  readonly outer: string | undefined
  readonly object: NetlinkInterface
  readonly problems: ProblemList
}

function checkFamilies(
  fields: readonly { readonly field: string; readonly text: string | undefined }[],
  { outer, object, problems }: Outside,
): void {
  for (const { field, text } of fields) {
    if (text === undefined || outer === undefined || isV6(text) === isV6(outer)) continue
    const message = `${text} and ${outer} are of different families`
    const where = { object, path: ['spec', object.spec.type, field] }
    problems.add(where, { code: 'MixedFamilies', message, hint: 'Use two addresses of one family.' })
  }
}

function checkTunnel(object: NetlinkInterface, type: 'ipip' | 'gre', problems: ProblemList): void {
  const block = object.spec[type]
  if (block === undefined) return
  const { local, remote, pathMtuDiscovery, encapLimit } = block
  const at = (...path: string[]) => ({ object, path: ['spec', ...path] })
  if (local === undefined && remote === undefined) {
    const message = 'a tunnel needs an end: `remote`, `local` or both'
    problems.add(at(type), { code: 'MissingField', message, hint: 'Write `remote`.' })
  }
  checkFamilies([{ field: 'local', text: local }], { outer: remote, object, problems })
  const outside = isV6(remote ?? local ?? '') ? 'IPv6' : 'IPv4'
  const conflict = (field: string, why: string): void => {
    problems.add(at(type, field), { code: 'FieldConflict', message: why, hint: 'Remove it.' })
  }
  if (pathMtuDiscovery !== undefined && outside === 'IPv6') {
    conflict('pathMtuDiscovery', 'IPv6 packets are never fragmented on their way')
  }
  if (encapLimit !== undefined && outside === 'IPv4') conflict('encapLimit', 'IPv4 knows no such limit')
  if (object.spec.hardwareAddress !== undefined && !(type === 'gre' && object.spec.gre?.ethernet === true)) {
    const message = `a link of type ${type} carries no Ethernet and has no hardware address`
    problems.add(at('hardwareAddress'), { code: 'FieldConflict', message, hint: 'Remove it.' })
  }
}

export const isV6 = (text: string): boolean => text.includes(':')

const MULTICAST = ['224.0.0.0/4', 'ff00::/8'].flatMap((text) => parsePrefix(text) ?? [])

function isMulticast(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && MULTICAST.some((prefix) => containsAddress(prefix, address))
}
