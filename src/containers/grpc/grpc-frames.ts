/**
 * gRPC's message framing (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message): one byte that says
 * whether it is compressed, four of length, the message. Never compressed here: no encoding is offered.
 */

const HEAD_BYTES = 5

export const frameMessage = (message: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(HEAD_BYTES + message.length)
  new DataView(frame.buffer).setUint32(1, message.length)
  frame.set(message, HEAD_BYTES)
  return frame
}

/** Puts messages together from chunks that are cut anywhere. */
export class MessageReader {
  readonly #limitBytes: number
  #pending: Uint8Array = new Uint8Array(0)

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Whole messages, in order; undefined: not gRPC, compressed, or longer than the limit, and nothing more is read. */
  push(chunk: Uint8Array): readonly Uint8Array[] | undefined {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const messages: Uint8Array[] = []
    for (;;) {
      const bytes = this.#pending
      if (bytes.length > 0 && bytes[0] !== 0) return undefined
      if (bytes.length < HEAD_BYTES) return messages
      const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1)
      if (length > this.#limitBytes) return undefined
      if (bytes.length < HEAD_BYTES + length) return messages
      messages.push(bytes.slice(HEAD_BYTES, HEAD_BYTES + length))
      this.#pending = bytes.subarray(HEAD_BYTES + length)
    }
  }
}
