/** placeholder */
import type { LayerResult } from './results.ts'
import type { RunLayerOptions } from './run-layer.ts'
export async function addVmResults(
  done: readonly LayerResult[],
  _o: RunLayerOptions,
): Promise<readonly LayerResult[]> {
  return done
}
