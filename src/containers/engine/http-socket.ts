/**
 * HTTP over a unix socket, as much as an engine needs: GET with a bounded answer, and GET of a stream that goes on.
 * node:http is loaded by whoever loads this file; an agent without containers does not.
 */
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface GetOptions {
  readonly signal: AbortSignal
  readonly limitBytes: number
}

/** Until the head of an answer; how long all of it may take is the signal's to say. */
const HEAD_TIMEOUT_MS = 5_000

class TooMuch extends Error {
  readonly code = 'TOO_MUCH'
}

export class HttpSocket {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Rejects when the socket does, the signal fires, or there is more than the limit. */
  async get(path: string, { signal, limitBytes }: GetOptions): Promise<HttpAnswer> {
    const response = await this.#ask(path, signal)
    const body = await readAll(response, limitBytes)
    return { status: response.statusCode ?? 0, headers: response.headers, body }
  }

  /** The answer once its head is there. Destroy it, or let the signal fire, to end it. */
  stream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#ask(path, signal)
  }

  #ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => asked.destroy(new Error('it does not answer')), HEAD_TIMEOUT_MS)
      // A connection of its own each time: a unix socket costs next to nothing, and none is kept half dead.
      const asked = request({
        ...{ socketPath: this.#socketPath, path, signal, agent: false },
        headers: { host: 'localhost' },
      })
      asked.on('response', (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      asked.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      asked.end()
    })
  }
}

const readAll = async (response: IncomingMessage, limitBytes: number): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) throw new TooMuch(`an answer of more than ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
