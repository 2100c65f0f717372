/**
 * What a node answered, held to its shape: a node is another machine, perhaps a broken or a hostile one, and what it
 * says may spoil its own push and nobody else's.
 */
import { z } from 'zod'
import { NodeCommandFailed } from './via.ts'

const status = z
  .looseObject({
    interfaces: z.array(
      z.looseObject({ name: z.string(), publicKey: z.string().optional(), listenPort: z.number() }),
    ),
  })
  .nullable()

const putResult = z.looseObject({
  agent: z
    .looseObject({
      phase: z.string(),
      current: z.boolean(),
      problems: z.array(
        z.looseObject({ path: z.string(), message: z.string(), severity: z.string().optional() }),
      ),
    })
    .nullable(),
})

export type StatusAnswer = z.output<typeof status>
export type PutAnswer = z.output<typeof putResult>

export const parseStatus = (node: string, text: string): StatusAnswer => parsed(node, text, status)
export const parsePutResult = (node: string, text: string): PutAnswer => parsed(node, text, putResult)

/** Remote warren answers in JSON; anything else came from something in between. */
function parsed<T>(node: string, text: string, schema: z.ZodType<T>): T {
  try {
    const result = schema.safeParse(JSON.parse(text))
    if (result.success) return result.data
  } catch {
    // Not JSON: the same to the caller.
  }
  throw new NodeCommandFailed(node, 'answered with something that is not from warren')
}
