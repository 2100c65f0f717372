/**
 * Sequence numbers, RFC 9293 §3.4: a circle of 2^32. Held as signed 32-bit integers, which V8 keeps without a box;
 * `(b - a) | 0` is how far b lies after a, as long as they are less than half a circle apart.
 */
export const add = (sequence: number, count: number): number => (sequence + count) | 0

/** How far `to` lies after `from`; negative: before it. */
export const distance = (from: number, to: number): number => (to - from) | 0

export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0

export const atMost = (a: number, b: number): boolean => ((a - b) | 0) <= 0

export const later = (a: number, b: number): number => (((a - b) | 0) < 0 ? b : a)
