/** The fastest engine that runs here, or the one that is asked for. */
import { PagePool } from '../streams/index.ts'
import type { Engine, EngineKind } from './engine.ts'
import { NativeEngine } from './native/native-engine.ts'
import { PlainEngine } from './plain/plain-engine.ts'

export interface OpenEngineOptions {
  /** Default: native, and plain where that does not load. */
  readonly kind?: EngineKind | undefined
  /** Default: one of its own, of DEFAULT_POOL_BYTES. */
  readonly pool?: PagePool | undefined
  /** Nobody asked for one, and the native one does not run here. */
  readonly onFallback?: (reason: unknown) => void
}

export const DEFAULT_POOL_BYTES = 48 * 1024 * 1024

/** Throws when the native engine is asked for and does not run here. */
export function openEngine(options: OpenEngineOptions = {}): Engine {
  const pool = options.pool ?? new PagePool({ maxBytes: DEFAULT_POOL_BYTES })
  if (options.kind === 'plain') return new PlainEngine(pool)
  if (options.kind === 'native') return new NativeEngine(pool)
  try {
    return new NativeEngine(pool)
  } catch (error) {
    // No koffi for this machine, or a runtime without the symbols of libuv: everything works without.
    options.onFallback?.(error)
    return new PlainEngine(pool)
  }
}
