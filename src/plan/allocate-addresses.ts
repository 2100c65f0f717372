/**
 * One address per node and CIDR, decided once. What the plan writes comes first, then what was allocated before,
 * and only then are free addresses given out: to nodes in the order of their names, the same host number in every
 * CIDR where it is free, otherwise the lowest. So a new node never takes what another one has.
 */
import {
  type Address,
  addressAt,
  type AddressIntent,
  containsAddress,
  formatAddress,
  formatPrefix,
  type NodeAllocation,
  parseAddress,
  type Prefix,
  sizeOf,
} from '../model/index.ts'
import type { Member, Network } from './network.ts'
import type { ProblemList, Where } from './problem-list.ts'

export interface AllocatedAddresses {
  /** What is put on the interface. */
  readonly addresses: readonly AddressIntent[]
  /** What goes to the lock: one bare address per CIDR. */
  readonly kept: readonly string[]
}

interface Given {
  readonly network: Network
  readonly before: ReadonlyMap<string, NodeAllocation>
  readonly problems: ProblemList
}

export function allocateAddresses(given: Given): ReadonlyMap<string, AllocatedAddresses> {
  const { network } = given
  const pools = network.cidrs.map((cidr, index) => new Pool(cidr, index, given))
  const written = new Map(network.members.map((member) => [member.name, writtenIn(member, given)]))
  for (const pool of pools) {
    for (const member of network.members) pool.takeWritten(member, written.get(member.name) ?? [])
  }
  checkBefore(given)
  for (const pool of pools) for (const member of network.members) pool.takeBefore(member)
  // Node by node, so that the host number of the first CIDR is known when the second is asked.
  for (const member of network.members) {
    if (!member.spec.overrideAddresses) for (const pool of pools) pool.takeFree(member, pools)
  }
  return new Map(
    network.members.map((member) => {
      const own = pools.flatMap((pool) => pool.intentOf(member))
      const addresses = [
        ...own,
        ...(written.get(member.name) ?? []).filter(({ local }) => !own.some((one) => one.local === local)),
      ]
      return [member.name, { addresses, kept: pools.flatMap((pool) => pool.textOf(member)) }]
    }),
  )
}

/** The written addresses with their lengths; a bare one takes that of its CIDR. */
function writtenIn(member: Member, { network, problems }: Given): AddressIntent[] {
  return member.addresses.flatMap(({ intent, bare }, index) => {
    if (!bare) return [intent]
    const address = parseAddress(intent.local)
    const cidr = network.cidrs.find((one) => address !== undefined && containsAddress(one, address))
    if (cidr !== undefined) return [{ ...intent, prefixLength: cidr.length }]
    problems.add(at(member, ['addresses', index]), {
      code: 'AddressOutsideCidr',
      message: `${intent.local} is in none of the network's CIDRs`,
      hint: 'Correct it, add its CIDR, or write it with its own length.',
    })
    return []
  })
}

const at = (member: Member, path: readonly (string | number)[]): Where => ({
  object: member.where.object,
  path: [...member.where.path, ...path],
})

/** Addresses of a lock that no longer fit the plan. */
function checkBefore({ network, before, problems }: Given): void {
  const owners = new Map<string, string>()
  for (const member of network.members) {
    for (const text of before.get(member.name)?.addresses ?? []) {
      const address = parseAddress(text)
      const problem = (message: string): void => {
        const hint = 'Remove it from the lock; `warren plan --write` allocates another.'
        problems.addAt(`lock ${network.id} ${member.name}`, { code: 'LockContradiction', message, hint })
      }
      const inside = address !== undefined && network.cidrs.some((cidr) => containsAddress(cidr, address))
      if (!inside)
        problem(`the lock gives ${member.name} the address ${text}, which is in none of the network's CIDRs`)
      const other = owners.get(text)
      if (other !== undefined) problem(`the lock gives ${text} to both ${other} and ${member.name}`)
      owners.set(text, member.name)
    }
  }
}

/** The addresses of one CIDR. */
class Pool {
  readonly #cidr: Prefix
  readonly #index: number
  readonly #given: Given
  readonly #owners = new Map<bigint, string>()
  readonly #written = new Set<bigint>()
  readonly #byMember = new Map<string, { address: Address; text: string; prefixLength: number }>()
  #next: bigint
  #exhausted = false

  constructor(cidr: Prefix, index: number, given: Given) {
    this.#cidr = cidr
    this.#index = index
    this.#given = given
    this.#next = this.#first
  }

  /** The network's own address is left free: RFC 4291 §2.6.1 in IPv6; in IPv4 not for /31 (RFC 3021) and /32. */
  get #first(): bigint {
    return sizeOf(this.#cidr) > 2n || (this.#cidr.address.family === 6 && sizeOf(this.#cidr) > 1n) ? 1n : 0n
  }

  /** The broadcast address, in IPv4 alone, is left free too. */
  get #last(): bigint {
    const size = sizeOf(this.#cidr)
    return size > 2n && this.#cidr.address.family === 4 ? size - 2n : size - 1n
  }

  takeWritten(member: Member, addresses: readonly AddressIntent[]): void {
    for (const [index, { local, prefixLength, peer }] of addresses.entries()) {
      const address = parseAddress(local)
      if (address === undefined || peer !== undefined || !containsAddress(this.#cidr, address)) continue
      const offset = address.value - this.#cidr.address.value
      const where = at(member, member.where.path.includes('nodes') ? ['addresses', index] : ['addresses'])
      if (offset < this.#first || offset > this.#last) {
        const message = `${local} is the ${offset === 0n ? 'network' : 'broadcast'} address of ${formatPrefix(this.#cidr)}`
        this.#given.problems.add(where, { code: 'AddressReserved', message, hint: 'Choose another.' })
      }
      const other = this.#owners.get(offset)
      if (other !== undefined) {
        const message = `${local} belongs to ${other} already`
        this.#given.problems.add(where, { code: 'DuplicateAddress', message, hint: 'Choose another.' })
      }
      this.#owners.set(offset, member.name)
      this.#written.add(offset)
      if (!this.#byMember.has(member.name))
        this.#byMember.set(member.name, { address, text: local, prefixLength })
    }
  }

  takeBefore(member: Member): void {
    if (this.#byMember.has(member.name) || member.spec.overrideAddresses) return
    const { network, before, problems } = this.#given
    for (const text of before.get(member.name)?.addresses ?? []) {
      const address = parseAddress(text)
      if (address === undefined || !containsAddress(this.#cidr, address)) continue
      const offset = address.value - this.#cidr.address.value
      const other = this.#owners.get(offset)
      // Two nodes of the lock with one address were named already.
      if (other !== undefined && this.#written.has(offset)) {
        const message = `the lock gave ${text} to ${member.name}, and the plan now gives it to ${other}`
        const hint = `Give ${other} another address, or remove ${member.name}'s from the lock.`
        problems.addAt(`lock ${network.id} ${member.name}`, { code: 'LockContradiction', message, hint })
      }
      this.#owners.set(offset, member.name)
      this.#byMember.set(member.name, { address, text, prefixLength: this.#cidr.length })
      return
    }
  }

  takeFree(member: Member, pools: readonly Pool[]): void {
    if (this.#byMember.has(member.name)) return
    const offset = this.#freeOffset(pools[0] === this ? undefined : pools[0]?.offsetOf(member))
    if (offset === undefined) return this.#refuse()
    this.#owners.set(offset, member.name)
    const address = addressAt(this.#cidr, offset)
    const text = formatAddress(address)
    this.#byMember.set(member.name, { address, text, prefixLength: this.#cidr.length })
  }

  #freeOffset(wanted: bigint | undefined): bigint | undefined {
    const free = (offset: bigint): boolean =>
      offset >= this.#first && offset <= this.#last && !this.#owners.has(offset)
    if (wanted !== undefined && free(wanted)) return wanted
    while (this.#next <= this.#last && !free(this.#next)) this.#next++
    return this.#next <= this.#last ? this.#next : undefined
  }

  #refuse(): void {
    if (this.#exhausted) return
    this.#exhausted = true
    const { network, problems } = this.#given
    const message = `${formatPrefix(this.#cidr)} has ${this.#last - this.#first + 1n} addresses for ${network.members.length} nodes`
    const where = { object: network.plan, path: ['spec', 'cidrs', this.#index] }
    problems.add(where, {
      code: 'CidrExhausted',
      message,
      hint: 'Use a shorter prefix, or add a second CIDR in its place.',
    })
  }

  offsetOf(member: Member): bigint | undefined {
    const own = this.#byMember.get(member.name)
    return own === undefined ? undefined : own.address.value - this.#cidr.address.value
  }

  intentOf(member: Member): AddressIntent[] {
    const own = this.#byMember.get(member.name)
    return own === undefined ? [] : [{ local: own.text, prefixLength: own.prefixLength }]
  }

  textOf(member: Member): string[] {
    const own = this.#byMember.get(member.name)
    return own === undefined ? [] : [own.text]
  }
}
