/** Splits what one receive brought into messages (<linux/netlink.h>, `struct nlmsghdr`). */

const NLMSG_HDRLEN = 16

export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** After the header. A view into the receive buffer: valid until the next receive. */
  readonly payload: DataView
}

/** Every whole message; a length that does not fit ends it, because nothing after it can be trusted. */
export function* splitMessages(bytes: Uint8Array): Generator<NetlinkMessage, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (view.byteLength - at >= NLMSG_HDRLEN) {
    const length = view.getUint32(at, true)
    if (length < NLMSG_HDRLEN || length > view.byteLength - at) return
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: new DataView(bytes.buffer, bytes.byteOffset + at + NLMSG_HDRLEN, length - NLMSG_HDRLEN),
    }
    at += (length + 3) & ~3
  }
}
