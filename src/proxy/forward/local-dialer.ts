/** Connections of this machine: names as its own resolver has them, their addresses in turn. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Engine } from '../../sockets/index.ts'
import { type ByteStream, StreamError, type StreamFailure } from '../../streams/index.ts'
import type { Dialer, HostAndPort } from './dialer.ts'

const MAX_ADDRESSES = 8
const ATTEMPT_MS = 10_000

export type LookUp = (name: string) => Promise<readonly string[]>

export class LocalDialer implements Dialer {
  readonly #engine: Pick<Engine, 'connect' | 'after'>
  readonly #lookUp: LookUp

  constructor(engine: Pick<Engine, 'connect' | 'after'>, lookUp: LookUp = lookUpHere) {
    this.#engine = engine
    this.#lookUp = lookUp
  }

  async connect(to: HostAndPort, { signal }: { readonly signal: AbortSignal }): Promise<ByteStream> {
    let failure: StreamFailure = { code: 'ENOTFOUND', message: `${to.host} has no address` }
    for (const address of await addressesOf(to.host, this.#lookUp)) {
      signal.throwIfAborted()
      const stream = this.#engine.connect({ address, port: to.port })
      const trouble = await this.#opened(stream, signal)
      if (trouble === undefined) return stream
      failure = trouble
    }
    throw new StreamError(failure)
  }

  /** Undefined: it is open. */
  #opened(stream: ByteStream, signal: AbortSignal): Promise<StreamFailure | undefined> {
    return new Promise((resolve, reject) => {
      const give = (): void => {
        timer.close()
        signal.removeEventListener('abort', giveUp)
        stream.onProgress = undefined
      }
      const giveUp = (): void => {
        give()
        stream.destroy()
        reject(signal.reason as Error)
      }
      const look = (): void => {
        if (stream.state === 'opening') return
        give()
        resolve(stream.state === 'open' ? undefined : (stream.failure ?? TIMED_OUT))
      }
      const timer = this.#engine.after(ATTEMPT_MS, () => {
        give()
        stream.destroy()
        resolve(TIMED_OUT)
      })
      signal.addEventListener('abort', giveUp)
      stream.onProgress = look
      look()
    })
  }
}

const TIMED_OUT: StreamFailure = { code: 'ETIMEDOUT', message: 'no answer to the connection request' }

const lookUpHere: LookUp = async (name) => {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

async function addressesOf(name: string, lookUp: LookUp): Promise<readonly string[]> {
  const host = name.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return [host]
  try {
    return (await lookUp(host)).slice(0, MAX_ADDRESSES)
  } catch (error) {
    const { message } = error as Error
    throw new StreamError({ code: 'ENOTFOUND', message: `cannot resolve ${host}: ${message}` })
  }
}
