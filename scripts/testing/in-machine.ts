/**
 * The runner's half inside the virtual machine: `in-machine.ts OUT` runs the jobs that OUT names, some at a time, and
 * leaves one JSON file of results per test file there, so that what was known when a machine died is not lost.
 * Exits 0 whatever the tests say; their results say it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isKernelName } from '../vm/kernels.ts'
import { probeAllKernelFeatures } from '../../test/harness/kernel-features.ts'
import { JOBS_FILE, type MachineJob } from './machine-job.ts'
import { pool } from './pool.ts'
import { runFile } from './run-file.ts'
import { fileLine } from './run-layer.ts'

/** What makes the machine itself a node cannot have company. */
const LANES = Number(process.env['WARREN_MACHINE_LANES'] ?? '2')
const FILE_TIMEOUT_MS = 900_000

const { WARREN_MACHINE_KERNEL: kernel = '' } = process.env
if (!isKernelName(kernel)) throw new Error(`no kernel ${kernel}`)
const [out = '.'] = process.argv.slice(2)
const jobs = JSON.parse(readFileSync(join(out, JOBS_FILE), 'utf8')) as readonly MachineJob[]
const env = { WARREN_KERNEL_FEATURES: probeAllKernelFeatures() }
await pool(jobs, {
  concurrency: LANES,
  work: async ({ file, only = [] }) => {
    const results = await runFile(file, { timeoutMs: FILE_TIMEOUT_MS, where: kernel, env, only })
    writeFileSync(join(out, `${file.replaceAll('/', '_')}.results.json`), JSON.stringify(results))
    console.log(fileLine(file, results))
  },
})
