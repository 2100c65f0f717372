/**
 * Limits are for failures, and a machine may be slow: WARREN_PATIENCE=10 makes each of them ten times as long, as
 * emulated machines need it.
 */
const factor = Number(process.env['WARREN_PATIENCE'] ?? '1')

export function patiently(milliseconds: number): number {
  return Number.isFinite(factor) && factor > 0 ? milliseconds * factor : milliseconds
}
