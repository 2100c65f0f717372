/**
 * The runner's half inside the virtual machine: `in-machine.ts OUT FILE…` runs the files, some at a time, and leaves
 * one JSON file of results per test file in OUT, so that what was known when a machine died is not lost.
 * Exits 0 whatever the tests say; their results say it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { probeAllKernelFeatures } from '../../test/harness/kernel-features.ts'
import { pool } from './pool.ts'
import { runFile } from './run-file.ts'
import { fileLine } from './run-layer.ts'

const CONCURRENCY = 2
const FILE_TIMEOUT_MS = 420_000

const [out = '.', ...files] = process.argv.slice(2)
const env = { WARREN_KERNEL_FEATURES: probeAllKernelFeatures() }
await pool(files, {
  concurrency: CONCURRENCY,
  work: async (file) => {
    const results = await runFile(file, { timeoutMs: FILE_TIMEOUT_MS, where: 'vm', env })
    writeFileSync(join(out, `${file.replaceAll('/', '_')}.json`), JSON.stringify(results))
    console.log(fileLine(file, results))
  },
})
