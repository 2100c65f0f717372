/**
 * Results on disk, one JSON file per layer in .cache/test-results/: what `test/acceptance.test.ts` reads, and how a
 * layer that `npm run check` has just run counts in the `npm test` that follows it (same WARREN_TEST_RUN).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LayerResult } from './results.ts'

const FOLDER = '.cache/test-results'

export function writeRecord(result: LayerResult): void {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${result.layer}.json`)
  writeFileSync(`${path}.new`, JSON.stringify(result, undefined, 1))
  renameSync(`${path}.new`, path)
}

/** The layer's record if it belongs to this run. */
export function readRecord(layer: string, runId: string): LayerResult | undefined {
  let text: string
  try {
    text = readFileSync(join(FOLDER, `${layer}.json`), 'utf8')
  } catch {
    return undefined // never run here
  }
  const record = JSON.parse(text) as LayerResult
  return record.runId === runId ? record : undefined
}

/** All results of a run in one file, for the tests that judge the run. */
export function writeRun(layers: readonly LayerResult[]): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, 'run.json')
  writeFileSync(path, JSON.stringify(layers.flatMap((layer) => layer.results)))
  return path
}
