/** IFLA_INFO_DATA of any kind, by its table. */
import type { AttributeCursor, MessageWriter } from '../../netlink/index.ts'
import { linkKindTable } from './link-kind.ts'
import type { LinkSettings, SettingField } from './setting-field.ts'

/** Names of links in it are indexes by now. Of a stacked kind, `link` is the caller's to send. */
export const encodeSettings = (writer: MessageWriter, kind: string, settings: LinkSettings): void => {
  const { fields, stacked = false } = linkKindTable(kind)
  const left = new Set(Object.keys(settings))
  if (stacked) left.delete('link')
  for (const field of fields) {
    // Each is asked to leave, so not some(), which would stop at the first.
    if (field.settings.filter((name) => left.delete(name)).length > 0) field.encode(writer, settings)
  }
  if (left.size > 0) throw new TypeError(`a ${kind} link has no setting ${[...left].join(', ')}`)
}

export const decodeSettings = (
  kind: string,
  data: AttributeCursor,
): Record<string, string | number | boolean> => {
  const fields = fieldsByAttribute(kind)
  const settings: Record<string, string | number | boolean> = {}
  if (fields.size > 0) while (data.next()) fields.get(data.type)?.decode(data, settings)
  return settings
}

const known = new Map<string, ReadonlyMap<number, SettingField>>()

const fieldsByAttribute = (kind: string): ReadonlyMap<number, SettingField> => {
  const found = known.get(kind)
  if (found) return found
  const { fields } = linkKindTable(kind)
  const made = new Map(fields.flatMap((field) => field.attributes.map((type) => [type, field] as const)))
  // Kinds come from the kernel, and those without a table need no room here.
  if (made.size > 0) known.set(kind, made)
  return made
}
