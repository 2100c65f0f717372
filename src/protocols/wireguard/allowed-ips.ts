/**
 * Cryptokey routing (paper §2): which peer a destination goes to and a source must come from; the longest
 * prefix wins, and a prefix belongs to the peer that claimed it last.
 *
 * A path-compressed binary trie per family. Nodes hold the address as four words of 32 bits (IPv4: the
 * first), so that a lookup is a few integer operations a level, without a byte array or an allocation.
 * test/models/slow-allowed-ips.ts is the obvious twin.
 */
import { formatPrefix, masked, parsePrefix, readWord } from './prefix.ts'
import type { Prefix, PrefixWords } from './prefix.ts'

class Node<Owner> {
  readonly length: number
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  owner: Owner | undefined
  zero: Node<Owner> | undefined
  one: Node<Owner> | undefined

  constructor(length: number, words: PrefixWords) {
    this.length = length
    ;[this.w0, this.w1, this.w2, this.w3] = words
  }
}

export class AllowedIps<Owner extends object> {
  readonly #inet = new Node<Owner>(0, [0, 0, 0, 0])
  readonly #inet6 = new Node<Owner>(0, [0, 0, 0, 0])
  readonly #prefixes = new Map<Owner, Map<string, Prefix>>()

  /** False when the text is no prefix. */
  insert(text: string, owner: Owner): boolean {
    const prefix = parsePrefix(text)
    if (!prefix) return false
    const node = nodeFor(this.#rootOf(prefix), prefix)
    const key = formatPrefix(prefix)
    if (node.owner) this.#prefixes.get(node.owner)?.delete(key)
    node.owner = owner
    let own = this.#prefixes.get(owner)
    if (!own) this.#prefixes.set(owner, (own = new Map()))
    own.set(key, prefix)
    return true
  }

  /** Only if it is the owner's; another peer may have claimed it since. */
  remove(text: string, owner: Owner): void {
    const prefix = parsePrefix(text)
    if (!prefix) return
    if (this.#prefixes.get(owner)?.delete(formatPrefix(prefix))) clearNode(this.#rootOf(prefix), prefix)
  }

  removeAll(owner: Owner): void {
    for (const prefix of this.#prefixes.get(owner)?.values() ?? []) clearNode(this.#rootOf(prefix), prefix)
    this.#prefixes.delete(owner)
  }

  /** In the order they were claimed. */
  prefixesOf(owner: Owner): string[] {
    return [...(this.#prefixes.get(owner)?.keys() ?? [])]
  }

  /** The four bytes at `offset`. */
  lookup4(buffer: Uint8Array, offset: number): Owner | undefined {
    const word = readWord(buffer, offset)
    let found: Owner | undefined
    let node: Node<Owner> | undefined = this.#inet
    while (node && (node.length === 0 || Math.clz32(node.w0 ^ word) >= node.length)) {
      if (node.owner) found = node.owner
      if (node.length === 32) break
      node = (word << node.length) & 0x80000000 ? node.one : node.zero
    }
    return found
  }

  /** The sixteen bytes at `offset`. */
  lookup6(buffer: Uint8Array, offset: number): Owner | undefined {
    const w0 = readWord(buffer, offset)
    const w1 = readWord(buffer, offset + 4)
    const w2 = readWord(buffer, offset + 8)
    const w3 = readWord(buffer, offset + 12)
    let found: Owner | undefined
    let node: Node<Owner> | undefined = this.#inet6
    while (node) {
      let common = Math.clz32(node.w0 ^ w0)
      if (common === 32) {
        common += Math.clz32(node.w1 ^ w1)
        if (common === 64) {
          common += Math.clz32(node.w2 ^ w2)
          if (common === 96) common += Math.clz32(node.w3 ^ w3)
        }
      }
      const length: number = node.length
      if (common < length) break
      if (node.owner) found = node.owner
      if (length === 128) break
      const word: number = length < 32 ? w0 : length < 64 ? w1 : length < 96 ? w2 : w3
      node = (word << (length & 31)) & 0x80000000 ? node.one : node.zero
    }
    return found
  }

  #rootOf(prefix: Prefix): Node<Owner> {
    return prefix.family === 4 ? this.#inet : this.#inet6
  }
}

/** The node of exactly that prefix, made where it is missing. The root has length 0 and matches everything. */
function nodeFor<Owner>(root: Node<Owner>, prefix: Prefix): Node<Owner> {
  let parent = root
  for (;;) {
    if (parent.length === prefix.length) return parent
    const child = childOf(parent, prefix)
    if (!child) return attach(parent, new Node<Owner>(prefix.length, prefix.words))
    const common = Math.min(commonBits(child, prefix), prefix.length)
    if (common < child.length) {
      const node = new Node<Owner>(prefix.length, prefix.words)
      if (common === prefix.length) {
        attach(parent, node)
        attach(node, child)
        return node
      }
      // Neither contains the other: a node without an owner holds both.
      const fork = attach(parent, new Node<Owner>(common, masked(prefix.words, common)))
      attach(fork, child)
      return attach(fork, node)
    }
    parent = child
  }
}

/** Takes the owner away, and with it every node that no longer holds anything together. */
function clearNode<Owner>(root: Node<Owner>, prefix: Prefix): void {
  const path = [root]
  let node = root
  while (node.length < prefix.length) {
    const child = childOf(node, prefix)
    if (!child) return
    path.push(child)
    node = child
  }
  node.owner = undefined
  while (path.length > 1) {
    const last = path.pop()!
    if (last.owner !== undefined || (last.zero && last.one)) return
    const parent = path.at(-1)!
    const rest = last.zero ?? last.one
    if (bitAt(last, parent.length)) parent.one = rest
    else parent.zero = rest
  }
}

function attach<Owner>(parent: Node<Owner>, child: Node<Owner>): Node<Owner> {
  if (bitAt(child, parent.length)) parent.one = child
  else parent.zero = child
  return child
}

function childOf<Owner>(parent: Node<Owner>, prefix: Prefix): Node<Owner> | undefined {
  return (prefix.words[parent.length >> 5]! << (parent.length & 31)) & 0x80000000 ? parent.one : parent.zero
}

function bitAt<Owner>(node: Node<Owner>, index: number): boolean {
  const word = [node.w0, node.w1, node.w2, node.w3][index >> 5]!
  return ((word << (index & 31)) & 0x80000000) !== 0
}

function commonBits<Owner>(node: Node<Owner>, prefix: Prefix): number {
  const words = [node.w0, node.w1, node.w2, node.w3]
  for (const [index, word] of words.entries()) {
    const same = Math.clz32(word ^ prefix.words[index]!)
    if (same < 32) return Math.min(index * 32 + same, node.length)
  }
  return node.length
}
