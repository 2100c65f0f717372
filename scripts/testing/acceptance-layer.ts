/**
 * The last layer of a whole run: test/acceptance.test.ts, told where the results of all other tests are.
 */
import { writeRun } from './record.ts'
import type { LayerResult } from './results.ts'
import { runFile } from './run-file.ts'
import type { RunLayerOptions } from './run-layer.ts'

const FILE = 'test/acceptance.test.ts'

export async function runAcceptance(
  done: readonly LayerResult[],
  { runId, signal }: RunLayerOptions,
): Promise<LayerResult> {
  const started = performance.now()
  const env = { WARREN_TEST_RESULTS: writeRun(done) }
  const results = await runFile(FILE, { timeoutMs: 30_000, where: 'host', env, signal })
  return {
    layer: 'acceptance',
    runId,
    files: 1,
    durationMs: Math.round(performance.now() - started),
    results,
  }
}
