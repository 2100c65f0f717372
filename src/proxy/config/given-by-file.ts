/** What a TunnelProxy file says, with the flags about operations over it. */
import { dirname, resolve } from 'node:path'
import type { Problem } from '../../model/index.ts'
import type { PlaceOf } from './findings.ts'
import { specFromFile } from './from-file.ts'
import { operationsFromOptions, type ProxyOptions } from './from-options.ts'
import type { ConfigSources, Given } from './given.ts'
import { type FileRead, readFile } from './read-file.ts'

export async function givenByFile(sources: ConfigSources, file: string): Promise<Given> {
  const path = resolve(sources.folder, file)
  const place = { folder: dirname(path), files: [path] }
  const conflicts = besideFile(sources.options)
  const nothing = { spec: undefined, name: '', placeOf: (field: string) => ({ path: field }) }
  const read = await (sources.read ?? readFile)(path)
  if (read.kind !== 'text') return { ...nothing, ...place, problems: [...conflicts, unreadable(file, read)] }
  const { spec, name, placeOf: placeInFile, problems } = specFromFile(read.text, file)
  const all = [...conflicts, ...problems]
  if (spec === undefined) return { ...nothing, ...place, problems: all }
  const over = operationsFromOptions(sources.operations)
  const placeOf: PlaceOf = (field) => {
    const flag = over.origins.get(field)
    return flag === undefined ? placeInFile(field) : { path: flag }
  }
  return {
    spec: {
      ...spec,
      operations: { ...spec.operations, ...over.operations },
      drainSeconds: over.drainSeconds ?? spec.drainSeconds,
    },
    ...{ name, placeOf, problems: all },
    ...place,
  }
}

function unreadable(file: string, read: Exclude<FileRead, { readonly kind: 'text' }>): Problem {
  switch (read.kind) {
    case 'absent':
      return { code: 'UnreadableFile', path: file, message: 'there is no such file' }
    case 'unreadable':
      return { code: 'UnreadableFile', path: file, message: `cannot read it: ${read.why}` }
    case 'too-large':
      return { code: 'FileTooLarge', path: file, message: 'larger than 1 MiB' }
  }
}

function besideFile(options: ProxyOptions): Problem[] {
  const names: readonly (keyof ProxyOptions)[] = [
    ...(['config', 'to', 'listen', 'route', 'tcp', 'udp', 'publish', 'socks'] as const),
    ...(['host', 'tlsCert', 'tlsKey', 'targetCa'] as const),
  ]
  return names
    .filter((name) => options[name] !== undefined && options[name].length > 0)
    .map((name) => ({
      code: 'FieldConflict',
      path: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      message: 'goes without --file',
      hint: 'Write it into the file.',
    }))
}
