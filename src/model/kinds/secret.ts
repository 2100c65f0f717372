/** Secret (core/v1), as an input: keys that the user brings. Its values never print. */
import { z } from 'zod'
import type { SecretText } from '../intent.ts'
import { secretText } from '../secret-text.ts'
import * as fields from './fields.ts'

const hidden = z.string().transform((text): SecretText => secretText(text))

export const secret = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: fields.metadata,
  type: z.string().optional().describe('Not looked at.'),
  immutable: z.boolean().optional().describe('Not looked at.'),
  data: z
    .record(z.string(), hidden)
    .optional()
    .describe('base64 of the raw 32 bytes of a key, or of its base64 text.'),
  stringData: z.record(z.string(), hidden).optional().describe('The base64 text of a key.'),
})

export type Secret = z.output<typeof secret>
