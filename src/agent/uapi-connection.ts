/**
 * A client of one userspace interface's UAPI socket (https://www.wireguard.com/xplatform/): ours, wireguard-go's
 * or any other. The connection is kept open between requests: that is cheaper, and its end tells at once that
 * the process behind it is gone.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import {
  formatUapiSet,
  parseUapiErrno,
  parseUapiGet,
  UAPI_GET,
} from '../protocols/wireguard/formats/index.ts'
import type { UapiChange, UapiDevice } from '../protocols/wireguard/formats/index.ts'

const ANSWER_TIMEOUT_MS = 10_000

interface Waiting {
  readonly resolve: (answer: string) => void
  readonly reject: (error: Error) => void
}

export class UapiConnection {
  readonly #path: string
  readonly #onClose: () => void
  #socket: Socket | undefined
  #waiting: Waiting | undefined
  #chunks: string[] = []
  #queue: Promise<unknown> = Promise.resolve()
  #last: { readonly answer: string; readonly device: UapiDevice } | undefined

  /** `onClose`: the other side went away. */
  constructor(path: string, onClose: () => void = () => {}) {
    this.#path = path
    this.#onClose = onClose
  }

  /** Undefined when nobody listens. The same object as before when nothing changed: most looks find just that. */
  async get(): Promise<UapiDevice | undefined> {
    const answer = await this.#ask(UAPI_GET)
    if (answer === undefined) return undefined
    if (this.#last?.answer === answer) return this.#last.device
    const parsed = parseUapiGet(answer)
    if (parsed.kind === 'ok') {
      this.#last = { answer, device: parsed.value }
      return parsed.value
    }
    throw new Error(`Cannot read the device at ${this.#path}: ${parsed.reason}`)
  }

  async set(change: UapiChange): Promise<void> {
    const answer = await this.#ask(formatUapiSet(change))
    if (answer === undefined) throw new Error(`Cannot set the device at ${this.#path}: nobody listens`)
    const errno = parseUapiErrno(answer)
    if (errno !== 0) throw new Error(`Cannot set the device at ${this.#path}: it answered errno ${errno}`)
  }

  close(): void {
    this.#socket?.removeAllListeners()
    this.#socket?.on('error', () => {}) // nobody is interested any more
    this.#socket?.destroy()
    this.#socket = undefined
  }

  /** One at a time; a connection that the other side closed meanwhile is made anew, once. */
  #ask(request: string): Promise<string | undefined> {
    const result = this.#queue.then(async () => {
      const reused = this.#socket !== undefined
      const answer = await this.#askOnce(request)
      return answer === undefined && reused ? await this.#askOnce(request) : answer
    })
    this.#queue = result.catch(() => {}) // reported to whoever asked; the next one starts afresh
    return result
  }

  async #askOnce(request: string): Promise<string | undefined> {
    const socket = this.#socket ?? (await this.#connect())
    if (socket === undefined) return undefined
    return await new Promise<string | undefined>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close()
        finish(() => reject(new Error(`The device at ${this.#path} does not answer`)))
      }, ANSWER_TIMEOUT_MS)
      const finish = (then: () => void): void => {
        clearTimeout(timer)
        this.#waiting = undefined
        then()
      }
      this.#waiting = {
        resolve: (answer) => finish(() => resolve(answer)),
        reject: () => finish(() => resolve(undefined)),
      }
      socket.write(request)
    })
  }

  #connect(): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect(this.#path)
      socket.setEncoding('latin1')
      socket.unref()
      socket.once('connect', () => {
        this.#socket = socket
        resolve(socket)
      })
      socket.on('error', () => resolve(undefined)) // no file or nobody listening: the same to us
      socket.on('close', () => this.#closed(socket))
      socket.on('data', (chunk: string) => this.#receive(chunk))
    })
  }

  #closed(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#chunks = []
    this.#waiting?.reject(new Error('closed'))
    this.#onClose()
  }

  /** An answer ends with `errno=N` and an empty line; nothing else in it has an empty line. */
  #receive(chunk: string): void {
    this.#chunks.push(chunk)
    const end = `${this.#chunks.at(-2)?.slice(-1) ?? ''}${chunk}`
    if (!end.endsWith('\n\n')) return
    const answer = this.#chunks.join('')
    this.#chunks = []
    this.#waiting?.resolve(answer)
  }
}
