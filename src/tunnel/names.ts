/**
 * Names inside the tunnel (acceptance GL-06): asked at the tunnel's own DNS servers, through the tunnel, and never at
 * this machine's resolver, which must not learn them and would not know them.
 */
import { StreamError } from '../streams/index.ts'

export interface NamesInside {
  readonly counters: Readonly<Record<string, number>>
  /** Best first. Rejects with a StreamError. */
  resolve(name: string, signal?: AbortSignal): Promise<readonly string[]>
  close(): void
}

export const withoutServers: NamesInside = {
  counters: {},
  resolve: (name) =>
    Promise.reject(
      new StreamError({
        code: 'ENOTFOUND',
        message: `${name} is a name, and this tunnel has no DNS servers: add "DNS = ADDRESS" to its [Interface], or use an address`,
      }),
    ),
  close: () => {},
}
