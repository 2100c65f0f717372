/**
 * netplan's YAML (netplan-yaml(5), version 2) → links. Several files are read together: maps are merged, lists grow,
 * and of other values the last one counts, as netplan does it. Hardware stays with netplan, but for what lies on it.
 */
import { parse } from 'yaml'
import { isLinkName } from '../../model/index.ts'
import { type FoundLink, ImportDraft, put, withoutKeys } from './import-draft.ts'
import { NETPLAN_TYPES, type NetplanType, typeOfTunnel } from './netplan-types.ts'
import { readCommon } from './netplan-common.ts'
import { isMap, listOf, textOf, type YamlMap } from './netplan-values.ts'
import { wireGuardOfNetplan } from './netplan-wireguard.ts'

export interface NetplanFile {
  readonly file: string
  readonly text: string
}

export interface NetplanOptions {
  /** The text of a file that keeps a key. Undefined: it cannot be read. */
  readonly readKeyFile: (path: string) => string | undefined
}

/** Throws nothing: what is not understood is listed. */
export function readNetplan(files: readonly NetplanFile[], options: NetplanOptions): ImportDraft {
  const draft = new ImportDraft()
  let network: YamlMap = {}
  for (const { file, text } of files.toSorted((a, b) => (a.file < b.file ? -1 : 1))) {
    const value = mapOf(text)
    const inner = value?.['network']
    if (!isMap(inner)) draft.leave(file, 'all of it: there is no map `network` in it')
    else network = merged(network, inner)
  }
  for (const [section, links] of Object.entries(network)) {
    if (section === 'version' || section === 'renderer') continue
    const where = `network.${withoutKeys(section)}`
    const types = Object.hasOwn(NETPLAN_TYPES, section) ? NETPLAN_TYPES[section] : undefined
    if (section === 'ethernets' || section === 'wifis' || section === 'modems')
      leaveHardware(where, links, draft)
    else if (types === undefined || !isMap(links)) draft.leave(where, 'all of it')
    else
      for (const [name, body] of Object.entries(links))
        readLink({ name, body, where: `${where}.${withoutKeys(name)}` }, { draft, types, options })
  }
  return draft
}

function mapOf(text: string): YamlMap | undefined {
  try {
    const value: unknown = parse(text, { logLevel: 'silent', maxAliasCount: 100 })
    return isMap(value) ? value : undefined
  } catch {
    return undefined // Not YAML: the caller says that there is nothing in it.
  }
}

function merged(a: YamlMap, b: YamlMap): YamlMap {
  const result: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined
    if (isMap(before) && isMap(value)) result[key] = merged(before, value)
    else if (Array.isArray(before) && Array.isArray(value))
      result[key] = [...(before as unknown[]), ...(value as unknown[])]
    else result[key] = value
  }
  return result
}

function leaveHardware(where: string, links: unknown, draft: ImportDraft): void {
  for (const [name, body] of Object.entries(isMap(links) ? links : {})) {
    for (const key of Object.keys(isMap(body) ? body : {})) {
      draft.leave(`${where}.${withoutKeys(name)}`, `${key}: hardware stays with whoever has it`)
    }
  }
}

interface NamedBody {
  readonly name: string
  readonly body: unknown
  readonly where: string
}

interface LinkContext {
  readonly draft: ImportDraft
  readonly types: NetplanType
  readonly options: NetplanOptions
}

function readLink({ name, body, where }: NamedBody, { draft, types, options }: LinkContext): void {
  if (!isLinkName(name) || !isMap(body)) {
    draft.leave(where, 'all of it: not the name of a link, or nothing about it')
    return
  }
  const kind = types.kind === 'tunnel' ? typeOfTunnel(body['mode']) : types
  if (kind === undefined) {
    draft.leave(where, 'all of it: tunnels of its mode cannot be declared')
    return
  }
  const link = draft.add({ name, type: kind.type, where })
  if (link === undefined) return
  Object.assign(link.block, kind.defaults)
  const taken = new Set([...kind.quiet, ...readFields(link, { body, fields: kind.fields, where, draft })])
  if (kind.type === 'wireguard')
    for (const key of wireGuardOfNetplan(link, body, { draft, ...options })) taken.add(key)
  for (const key of readCommon(link, body, draft)) taken.add(key)
  if (kind.type === 'veth' && typeof body['peer'] === 'string') link.peer = body['peer']
  for (const port of kind.type === 'bridge' || kind.type === 'vrf' ? listOf(body['interfaces']) : []) {
    if (typeof port === 'string') draft.enslave(port, name)
  }
  for (const key of Object.keys(body)) if (!taken.has(key)) draft.leave(where, key)
}

interface FieldsContext {
  readonly body: YamlMap
  readonly fields: NetplanType['fields']
  readonly where: string
  readonly draft: ImportDraft
}

/** The keys that were taken or listed. */
function readFields(link: FoundLink, { body, fields, where, draft }: FieldsContext): string[] {
  const done = new Set<string>()
  for (const [path, [field, take]] of Object.entries(fields)) {
    const [first = '', inner] = path.split('.')
    const outer = Object.hasOwn(body, first) ? body[first] : undefined
    const value = inner === undefined ? outer : isMap(outer) ? outer[inner] : undefined
    done.add(first)
    if (value === undefined || value === null) continue
    const text = textOf(value)
    const taken = text === undefined ? undefined : take(text)
    if (taken === undefined) draft.leave(where, `${path}: not understood`)
    else if (taken !== '') put(link.block, field, taken)
  }
  for (const first of done) leaveInner(`${where}.${first}`, { value: body[first], first, fields, draft })
  return [...done]
}

interface InnerContext {
  readonly value: unknown
  readonly first: string
  readonly fields: NetplanType['fields']
  readonly draft: ImportDraft
}

/** Of a map like `parameters`, what nobody asked for. */
function leaveInner(where: string, { value, first, fields, draft }: InnerContext): void {
  if (!isMap(value)) return
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, `${first}.${key}`)) draft.leave(where, key)
  }
}
