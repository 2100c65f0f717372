/**
 * Looking a name up in a record that came from outside: only its own properties count, since a node may well be
 * named `constructor`.
 */
export const own = <T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
