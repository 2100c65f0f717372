/**
 * Values of a given shape, told from anything else. A node is another machine, perhaps a broken or a hostile one:
 * what it says is used only where it has the shape that we ask for.
 */

/** The value itself when it has the shape, else undefined. Fields that the shape does not name are left out. */
export type Shape<T> = (value: unknown) => T | undefined

export const text: Shape<string> = (value) => (typeof value === 'string' ? value : undefined)
/**
 * Text that may become part of a command which a person copies: what a shell would take for more than letters is an
 * underscore. Real names, addresses and rules have none of it.
 */
export const word: Shape<string> = (value) =>
  typeof value === 'string' ? value.replaceAll(/[^\p{L}\p{N}_@%+=:,./[\] -]/gu, '_') : undefined
export const number: Shape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined
export const flag: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)

export const oneOf =
  <const T extends string | number>(...allowed: readonly T[]): Shape<T> =>
  (value) =>
    allowed.find((one) => one === value)

export const listOf =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) return undefined
    const items = value.flatMap((item: unknown) => {
      const read = shape(item)
      return read === undefined ? [] : [read]
    })
    return items.length === value.length ? items : undefined
  }

export const tableOf =
  <T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value) => {
    if (!isFields(value)) return undefined
    const entries = Object.entries(value).flatMap(([key, item]) => {
      const read = shape(item)
      return read === undefined ? [] : [[key, read] as const]
    })
    return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined
  }

/** `null` has to be told from "not of this shape", which is undefined. */
export const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value) =>
    value === null ? null : shape(value)

export const either =
  <A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> =>
  (value) =>
    first(value) ?? second(value)

type Shapes<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> }

/** Fields whose shape is `maybe(…)` may be missing. */
export const fields =
  <T extends object>(shapes: Shapes<T>): Shape<T> =>
  (value) => {
    if (!isFields(value)) return undefined
    const found: Record<string, unknown> = {}
    for (const [key, shape] of Object.entries<Shape<unknown>>(shapes)) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined
      if (given === undefined && MAYBE.has(shape)) continue
      const read = shape(given)
      if (read === undefined) return undefined
      found[key] = read
    }
    return found as T
  }

const MAYBE = new WeakSet<Shape<unknown>>()

export const maybe = <T>(shape: Shape<T>): Shape<T> => {
  const optional: Shape<T> = (value) => shape(value)
  MAYBE.add(optional)
  return optional
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
