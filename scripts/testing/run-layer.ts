/**
 * One layer: its files, some at a time, each in a process of its own, and a line about each where the layer is slow.
 */
import { resolve } from 'node:path'
import {
  hasKernelFeature,
  KERNEL_FEATURES,
  probeAllKernelFeatures,
} from '../../test/harness/kernel-features.ts'
import { filesOf, type Layer } from './layers.ts'
import { pool } from './pool.ts'
import { countOf, type LayerResult, type TestResult } from './results.ts'
import { runFile } from './run-file.ts'

/** What Node made of the sources: the files share it, and the virtual machine reads it too. */
export const COMPILED = resolve('.cache/compiled')

export interface RunLayerOptions {
  readonly runId: string
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** Only files whose path contains this. */
  readonly only?: string
}

export async function runLayer(layer: Layer, options: RunLayerOptions): Promise<LayerResult> {
  const files = filesOf(layer).filter((file) => file.includes(options.only ?? ''))
  const started = performance.now()
  options.say(`${layer.name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  const env = { WARREN_KERNEL_FEATURES: probeAllKernelFeatures(), NODE_COMPILE_CACHE: COMPILED }
  const { concurrency, fileTimeoutMs: timeoutMs } = layer
  const perFile = await pool(files, {
    concurrency,
    work: async (file) => {
      const results = await runFile(file, { timeoutMs, where: 'host', env, signal: options.signal })
      if (layer.announcesFiles || countOf(results, 'failed') > 0) options.say(fileLine(file, results))
      return results
    },
  })
  const durationMs = Math.round(performance.now() - started)
  return { layer: layer.name, runId: options.runId, files: files.length, durationMs, results: perFile.flat() }
}

export function fileLine(file: string, results: readonly TestResult[]): string {
  const [failed, skipped] = [countOf(results, 'failed'), countOf(results, 'skipped')]
  const seconds = (results.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000).toFixed(1)
  const notes = [failed ? `${failed} failed` : '', skipped ? `${skipped} skipped` : ''].filter(Boolean)
  const mark = failed > 0 ? 'FAILED' : 'ok'
  return `  ${mark.padEnd(6)} ${file} ${[`${countOf(results, 'passed')} passed`, ...notes].join(', ')} (${seconds} s)`
}

/** What this kernel lacks of all that tests may ask for. */
export function missingKernelFeatures(): readonly string[] {
  return KERNEL_FEATURES.filter((feature) => !hasKernelFeature(feature))
}
