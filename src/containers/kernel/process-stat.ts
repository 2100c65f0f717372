/**
 * /proc/PID/stat as far as it tells one process from another (proc(5)): a pid is used again, a pid together with the
 * clock tick at which its process started is not.
 */

export interface ProcessStat {
  /** One letter: `R`unning, `S`leeping, `Z`ombie, `X` dead, … */
  readonly state: string
  /** In ticks since the host started; text, because it only is compared. */
  readonly startTime: string
}

/** Fields after the name, of which the state is the first. */
const START_TIME = 22 - 3

/** The name is in parentheses and may hold anything, parentheses and newlines included: the last one ends it. */
export const parseProcessStat = (text: string): ProcessStat | undefined => {
  const end = text.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = text
    .slice(end + 1)
    .trim()
    .split(' ')
  const [state, startTime] = [fields[0], fields[START_TIME]]
  if (state === undefined || !/^[A-Za-z]$/.test(state)) return undefined
  return startTime !== undefined && /^\d+$/.test(startTime) ? { state, startTime } : undefined
}
