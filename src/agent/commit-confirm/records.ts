/**
 * The records of a change as they are on disk, and their shapes. What does not have its shape (a disk that was full, a
 * hand that edited) is no record: an agent that could not start because of it would keep no network at all.
 */
import { z } from 'zod'

const INSTANT = z.object({ bootId: z.string(), uptimeMs: z.number(), wallMs: z.number() }).readonly()

const KEPT_FILE = z
  .object({ path: z.string().startsWith('/'), text: z.string().nullable(), mode: z.int().min(0).max(0o777) })
  .readonly()

const PENDING_CHANGE = z
  .object({
    id: z.string().min(1),
    /** `pushed from 192.0.2.7`: for people. */
    reason: z.string(),
    /** Who says that it stays; see verdict.ts. */
    needs: z.enum(['confirmation', 'checks', 'nothing']),
    begun: INSTANT,
    withinMs: z.number().min(0),
    /** What to write back; of a file that was not there, `text` is null. */
    files: z.array(KEPT_FILE).readonly(),
  })
  .readonly()

/** What was found out before a change was applied, and cannot be found out afterwards. */
const PROGRESS = z
  .object({
    id: z.string(),
    /** Of the source with the change. */
    digest: z.string(),
    answered: z.array(z.string()).readonly(),
    cut: z.array(z.string()).readonly(),
  })
  .readonly()

const TAKEN_BACK = z
  .object({
    id: z.string(),
    why: z.string(),
    atMs: z.number(),
    /** Of the source with the change: not to be applied again as it is. Empty: it never came into force. */
    digest: z.string(),
  })
  .readonly()

export type KeptFile = z.infer<typeof KEPT_FILE>
export type PendingChange = z.infer<typeof PENDING_CHANGE>
export type Progress = z.infer<typeof PROGRESS>
export type TakenBack = z.infer<typeof TAKEN_BACK>

const reader =
  <T>(shape: z.ZodType<T>) =>
  (value: unknown): T | undefined =>
    shape.safeParse(value).data

export const asPendingChange = reader<PendingChange>(PENDING_CHANGE)
export const asProgress = reader<Progress>(PROGRESS)
export const asTakenBack = reader<TakenBack>(TAKEN_BACK)
