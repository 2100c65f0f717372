/**
 * Reads configuration files of wg(8) and wg-quick(8), as tolerantly as those programs do: keys and sections in
 * any case, blanks anywhere, `#` to the end of the line is a comment, lists by commas or by repeating the key.
 * What they would refuse is a problem here, all of them at once and each with its line. Unlike wg-quick, a
 * single-valued key given twice is a problem too, since one of the two was meant.
 */
import {
  canonicalAddress,
  canonicalInterfaceAddress,
  canonicalPrefix,
  isHostName,
  parseEndpoint,
} from './ip-text.ts'
import { isKey } from './key-text.ts'
import { EMPTY_INTERFACE, type WgConfig, type WgInterface, type WgPeer } from './wg-config.ts'

export interface FormatProblem {
  /** Counts from 1. */
  readonly line: number
  readonly message: string
  readonly hint?: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }
type InterfaceDraft = Mutable<WgInterface>
type PeerDraft = Mutable<Omit<WgPeer, 'publicKey'>> & { publicKey?: string; line: number; named: boolean }

/** Says what is wrong with a value, or nothing. Never repeats a key. */
type Setter<T> = (section: T, value: string) => string | undefined

const NOT_A_KEY = 'is not a key: expected 44 characters of base64, ending in "="'

const INTERFACE_KEYS: Readonly<Record<string, Setter<InterfaceDraft>>> = {
  PrivateKey: one(isKey, (section, value) => (section.privateKey = value), NOT_A_KEY),
  ListenPort: number(65535, (section, value) => (section.listenPort = value)),
  FwMark: mark((section, value) => (section.fwmark = value)),
  Address: list(canonicalInterfaceAddress, (section) => section.addresses, 'is not an address'),
  DNS: dnsEntries,
  MTU: number(65535, (section, value) => (section.mtuBytes = value), 576),
  Table: one(
    isTable,
    (section, value) => (section.table = value),
    'is not "auto", "off", a number or a table name',
  ),
  PreUp: command((section) => section.preUp),
  PostUp: command((section) => section.postUp),
  PreDown: command((section) => section.preDown),
  PostDown: command((section) => section.postDown),
  SaveConfig: one(
    isBoolean,
    (section, value) => (section.saveConfig = value === 'true'),
    'is not "true" or "false"',
  ),
}

const PEER_KEYS: Readonly<Record<string, Setter<PeerDraft>>> = {
  PublicKey: one(isKey, (section, value) => (section.publicKey = value), NOT_A_KEY),
  PresharedKey: one(isKey, (section, value) => (section.presharedKey = value), NOT_A_KEY),
  Endpoint: endpoint,
  AllowedIPs: list(canonicalPrefix, (section) => section.allowedIPs, 'is not a prefix'),
  PersistentKeepalive: (section, value) => keepalive(section, value),
}

/** Keys that add up when they are repeated. */
const REPEATABLE = new Set(['Address', 'DNS', 'AllowedIPs', 'PreUp', 'PostUp', 'PreDown', 'PostDown'])

export function parseWgConfig(text: string): { config: WgConfig; problems: FormatProblem[] } {
  return new Reader().read(text)
}

/** State between lines: which section they belong to and which keys it has had. */
class Reader {
  readonly #problems: FormatProblem[] = []
  readonly #interface: InterfaceDraft = structuredClone(EMPTY_INTERFACE) as InterfaceDraft
  readonly #peers: PeerDraft[] = []
  #section: { keys: Readonly<Record<string, Setter<never>>>; target: InterfaceDraft | PeerDraft } | undefined
  #seen = new Set<string>()
  #interfaces = 0
  /** Comment lines that may belong to the section below them. */
  #pending: string[] = []

  read(text: string): { config: WgConfig; problems: FormatProblem[] } {
    for (const [index, raw] of text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .entries())
      this.#line(raw, index + 1)
    this.#flushComments()
    if (this.#interfaces === 0) {
      this.#problems.push({ line: 1, message: 'there is no [Interface] section' })
    }
    const config = { interface: this.#interface, peers: this.#finishPeers() }
    return { config, problems: this.#problems.toSorted((a, b) => a.line - b.line) }
  }

  #line(raw: string, line: number): void {
    const [code = '', ...comment] = raw.split('#')
    const text = code.trim()
    if (text === '') {
      if (comment.length > 0) this.#pending.push(comment.join('#').replace(/^#+/, '').trim())
      else this.#flushComments()
      return
    }
    const header = /^\[\s*(\w+)\s*\]$/.exec(text)
    if (header) return this.#open(header[1] ?? '', line)
    this.#flushComments()
    this.#assign(text, line)
  }

  #open(name: string, line: number): void {
    this.#seen = new Set()
    if (/^interface$/i.test(name)) {
      this.#interfaces += 1
      if (this.#interfaces > 1)
        this.#problems.push({ line, message: 'there is more than one [Interface] section' })
      this.#section = { keys: INTERFACE_KEYS, target: this.#interface }
    } else if (/^peer$/i.test(name)) {
      const peer: PeerDraft = { comments: [], allowedIPs: [], line, named: false }
      this.#peers.push(peer)
      this.#section = { keys: PEER_KEYS, target: peer }
    } else {
      this.#section = undefined
      this.#problems.push({
        line,
        message: name.length > 24 ? 'unknown section' : `unknown section [${name}]`,
        hint: 'Sections are [Interface] and [Peer].',
      })
    }
    this.#flushComments()
  }

  #assign(text: string, line: number): void {
    const equals = text.indexOf('=')
    if (equals < 1) {
      this.#problems.push({ line, message: 'expected "Key = value"' })
      return
    }
    if (!this.#section) {
      if (this.#interfaces + this.#peers.length === 0) {
        this.#problems.push({ line, message: 'a key before the first section' })
      }
      return
    }
    const given = text.slice(0, equals).trim()
    const key = Object.keys(this.#section.keys).find((known) => known.toLowerCase() === given.toLowerCase())
    if (key === undefined) {
      this.#problems.push(this.#unknownKey(given, line))
      return
    }
    if (this.#seen.has(key) && !REPEATABLE.has(key)) {
      this.#problems.push({ line, message: `${key} is given twice in one section` })
    }
    this.#seen.add(key)
    if (key === 'PublicKey') (this.#section.target as PeerDraft).named = true
    const wrong = this.#section.keys[key]?.(this.#section.target as never, text.slice(equals + 1).trim())
    if (wrong !== undefined) this.#problems.push({ line, message: `${key} ${wrong}` })
  }

  #unknownKey(given: string, line: number): FormatProblem {
    const keys = Object.keys(this.#section?.keys ?? {})
    const elsewhere = this.#section?.keys === PEER_KEYS ? INTERFACE_KEYS : PEER_KEYS
    const belongs = Object.keys(elsewhere).some((known) => known.toLowerCase() === given.toLowerCase())
    // Longer than any real one: it may be a key that broke off its line.
    const name = /^\w{1,24}$/.test(given) ? `unknown key ${given}` : 'unknown key'
    const other = elsewhere === PEER_KEYS ? '[Peer]' : '[Interface]'
    return {
      line,
      message: name,
      hint: belongs ? `It belongs into ${other}.` : `Known here: ${keys.join(', ')}.`,
    }
  }

  #flushComments(): void {
    this.#section?.target.comments.push(...this.#pending)
    if (this.#section) this.#pending = []
  }

  #finishPeers(): WgPeer[] {
    return this.#peers.flatMap(({ line, named, publicKey, ...rest }) => {
      if (publicKey !== undefined) return [{ ...rest, publicKey }]
      if (!named) this.#problems.push({ line, message: 'this [Peer] has no PublicKey' })
      return []
    })
  }
}

function one<T>(
  accepts: (value: string) => boolean,
  store: (section: T, value: string) => void,
  wrong: string,
): Setter<T> {
  return (section, value) => {
    if (!accepts(value)) return wrong
    store(section, value)
    return undefined
  }
}

function number<T>(max: number, store: (section: T, value: number) => void, min = 0): Setter<T> {
  return (section, value) => {
    if (!/^\d{1,6}$/.test(value) || Number(value) > max || Number(value) < min) {
      return `is not a number from ${min} to ${max}`
    }
    store(section, Number(value))
    return undefined
  }
}

/** wg(8): decimal or hexadecimal, 0 and "off" are the same. */
function mark<T>(store: (section: T, value: number) => void): Setter<T> {
  return (section, value) => {
    const parsed = /^off$/i.test(value)
      ? 0
      : /^(?:\d{1,10}|0x[\da-f]{1,8})$/i.test(value)
        ? Number(value)
        : Number.NaN
    if (!(parsed <= 0xffffffff)) return 'is not "off" or a 32-bit number'
    store(section, parsed)
    return undefined
  }
}

function list<T>(
  parse: (text: string) => string | undefined,
  into: (section: T) => string[],
  wrong: string,
): Setter<T> {
  return (section, value) => {
    const bad: string[] = []
    for (const part of split(value)) {
      const parsed = parse(part)
      if (parsed === undefined) bad.push(JSON.stringify(part.slice(0, 60)))
      else into(section).push(parsed)
    }
    return bad.length === 0 ? undefined : `${wrong}: ${bad.join(', ')}`
  }
}

/** wg-quick(8): addresses are resolvers, anything else is a search domain. */
function dnsEntries(section: InterfaceDraft, value: string): string | undefined {
  const bad: string[] = []
  for (const part of split(value)) {
    const address = canonicalAddress(part)
    if (address !== undefined) section.dns.push(address)
    else if (isHostName(part) && !/^[\d.]+$/.test(part)) section.searchDomains.push(part)
    else bad.push(JSON.stringify(part.slice(0, 60)))
  }
  return bad.length === 0 ? undefined : `is neither an address nor a domain: ${bad.join(', ')}`
}

function command(into: (section: InterfaceDraft) => string[]): Setter<InterfaceDraft> {
  return (section, value) => {
    if (value === '') return 'is empty'
    into(section).push(value)
    return undefined
  }
}

function endpoint(section: PeerDraft, value: string): string | undefined {
  const parsed = parseEndpoint(value)
  if (!parsed) return 'is not HOST:PORT; an IPv6 address needs brackets, as in [2001:db8::1]:51820'
  section.endpoint = parsed
  return undefined
}

function keepalive(section: PeerDraft, value: string): string | undefined {
  if (/^off$/i.test(value)) {
    section.persistentKeepaliveSeconds = 0
    return undefined
  }
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) return 'is not "off" or a number from 0 to 65535'
  section.persistentKeepaliveSeconds = Number(value)
  return undefined
}

function split(value: string): string[] {
  return value === '' ? [] : value.split(',').map((part) => part.trim())
}

function isTable(value: string): boolean {
  return /^(?:auto|off|0x[\da-f]{1,8}|\d{1,10}|[a-z][\w.-]{0,62})$/i.test(value)
}

function isBoolean(value: string): boolean {
  return value === 'true' || value === 'false'
}
