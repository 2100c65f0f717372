/**
 * What `push` hands to `node put` on standard input: the objects that this node may see and the allocations,
 * both as the texts that end up in files.
 */
export interface Bundle {
  readonly version: 1
  readonly objects: string
  readonly allocations: string
}

export function formatBundle(bundle: Omit<Bundle, 'version'>): string {
  return JSON.stringify({ version: 1, ...bundle } satisfies Bundle)
}

/** Undefined when it is no bundle that this version knows. */
export function parseBundle(text: string): Bundle | undefined {
  try {
    const { version, objects, allocations } = JSON.parse(text) as Partial<Bundle>
    const known = version === 1 && typeof objects === 'string' && typeof allocations === 'string'
    return known ? { version, objects, allocations } : undefined
  } catch {
    // Not JSON: the caller says so.
    return undefined
  }
}
