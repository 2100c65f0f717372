/**
 * Small changes to an input, all drawn from one seeded generator: bits, bytes, lengths, pieces that are cut,
 * repeated or taken from another input, words of a dictionary.
 */

export type Random = () => number

const INTERESTING = [0, 1, 2, 3, 4, 15, 16, 31, 32, 127, 128, 254, 255]
const MAX_LENGTH = 8192

type Mutation = (input: Uint8Array, tools: Tools) => Uint8Array

interface Tools {
  readonly pick: (below: number) => number
  readonly other: Uint8Array
  readonly words: readonly Uint8Array[]
}

const MUTATIONS: readonly Mutation[] = [
  (input, { pick }) => withByte(input, pick(input.length), (byte) => byte ^ (1 << pick(8))),
  (input, { pick }) => withByte(input, pick(input.length), () => pick(256)),
  (input, { pick }) => withByte(input, pick(input.length), () => INTERESTING[pick(INTERESTING.length)]!),
  (input, { pick }) => withByte(input, pick(input.length), (byte) => byte + pick(9) - 4),
  (input, { pick }) => splice(input, pick(input.length + 1), pick(16), new Uint8Array(0)),
  (input, { pick }) => input.slice(0, pick(input.length + 1)),
  (input, { pick }) => {
    const from = pick(input.length)
    return splice(input, pick(input.length + 1), 0, input.slice(from, from + 1 + pick(64)))
  },
  (input, { pick, other }) => {
    const from = pick(other.length)
    return splice(input, pick(input.length + 1), pick(32), other.slice(from, from + 1 + pick(64)))
  },
  (input, { pick, words }) =>
    splice(input, pick(input.length + 1), pick(8), words[pick(words.length)] ?? input),
  (input, { pick }) =>
    splice(
      input,
      pick(input.length + 1),
      0,
      Uint8Array.from({ length: pick(8) }, () => pick(256)),
    ),
]

export interface MutateOptions {
  readonly random: Random
  readonly other: Uint8Array
  readonly dictionary: readonly Uint8Array[]
}

/** One to eight changes after each other. */
export function mutate(input: Uint8Array, { random, other, dictionary }: MutateOptions): Uint8Array {
  const pick = (below: number): number => Math.floor(random() * below)
  const tools = { pick, other, words: dictionary }
  let mutated = input.slice()
  for (let rounds = 1 + pick(8); rounds > 0; rounds -= 1) {
    mutated = MUTATIONS[pick(MUTATIONS.length)]!(mutated, tools).slice(0, MAX_LENGTH)
  }
  return mutated
}

function withByte(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  if (input.length > 0) input[at] = change(input[at]!)
  return input
}

function splice(input: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const rest = input.subarray(Math.min(input.length, at + remove))
  const whole = new Uint8Array(at + insert.length + rest.length)
  whole.set(input.subarray(0, at))
  whole.set(insert, at)
  whole.set(rest, at + insert.length)
  return whole
}
