/**
 * Where an object came from: file, line and column of each of its fields, so that the planner's problems point
 * into the text too. Kept beside the objects, not in them: an object is equal to itself wherever it was read.
 */
import type { Problem } from './problem.ts'

export type FieldPath = readonly (string | number)[]

/** The place of a field, or of the nearest thing around it. */
export type Locate = (path: FieldPath) => NonNullable<Problem['at']>

const sources = new WeakMap<object, Locate>()

export const rememberSource = (object: object, locate: Locate): void => {
  sources.set(object, locate)
}

/** Undefined for objects that were not read from text. */
export const placeOf = (object: object, path: FieldPath): Problem['at'] => sources.get(object)?.(path)

/** `spec.nodes[2].endpoint`. */
export function formatPath(path: FieldPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/** `WireGuardNetworkPlan/home`, with the namespace when it is not `default`. */
export function titleOf(object: {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
}): string {
  const { name, namespace = 'default' } = object.metadata
  return namespace === 'default' ? `${object.kind}/${name}` : `${object.kind}/${namespace}/${name}`
}
