/** What the runner asks of its half in the virtual machine: files, and which of their tests. */
export interface MachineJob {
  readonly file: string
  /** Names as in the results; absent: all of them. */
  readonly only?: readonly string[]
}

/** In the folder that both halves see: the jobs go in by it, results come out beside it. */
export const JOBS_FILE = 'jobs.json'
