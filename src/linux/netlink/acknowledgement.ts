/**
 * NLMSG_ERROR and NLMSG_DONE: the kernel's answer, with its extended acknowledgement (<linux/netlink.h>,
 * `struct nlmsgerr` and `enum nlmsgerr_attrs`).
 *
 *   error   int | nlmsghdr of the request | the request (unless NLM_F_CAPPED) | attributes if NLM_F_ACK_TLVS
 *   done    int | attributes if NLM_F_ACK_TLVS
 */
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MISS_TYPE,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from '../uapi/index.ts'
import { AttributeCursor } from './attribute-cursor.ts'
import type { NetlinkMessage } from './message.ts'

const NLMSG_HDRLEN = 16

export interface Acknowledgement {
  /** Positive; 0: done. */
  readonly errno: number
  readonly text: string | undefined
  /** Where in the request the attribute is that the kernel objects to, counted from its nlmsghdr. */
  readonly attributeOffset: number | undefined
  /** The type of an attribute that is missing. */
  readonly missingType: number | undefined
}

export const decodeAcknowledgement = (message: NetlinkMessage): Acknowledgement | undefined => {
  const { payload, flags, type } = message
  if (payload.byteLength < 4) return undefined
  const errno = Math.abs(payload.getInt32(0, true))
  const found = { text: undefined as string | undefined, offset: undefined as number | undefined }
  let missingType: number | undefined
  if (flags & NLM_F_ACK_TLVS) {
    const attributes = new AttributeCursor(payload, attributesStart(message, type === NLMSG_ERROR))
    while (attributes.next()) {
      if (attributes.type === NLMSGERR_ATTR_MSG) found.text = attributes.string()
      else if (attributes.type === NLMSGERR_ATTR_OFFS) found.offset = attributes.u32()
      else if (attributes.type === NLMSGERR_ATTR_MISS_TYPE) missingType = attributes.u32()
    }
  }
  return { errno, text: found.text, attributeOffset: found.offset, missingType }
}

const attributesStart = ({ payload, flags }: NetlinkMessage, isError: boolean): number => {
  if (!isError) return 4
  if (flags & NLM_F_CAPPED || payload.byteLength < 8) return 4 + NLMSG_HDRLEN
  // A success never repeats the request beyond its header, whatever length that header says.
  const requestLength = payload.getInt32(0, true) === 0 ? NLMSG_HDRLEN : payload.getUint32(4, true)
  return requestLength > payload.byteLength ? payload.byteLength : 4 + ((requestLength + 3) & ~3)
}

/**
 * The path of attribute types that leads to the attribute at `offset` of a request: `[18, 2]` is the
 * IFLA_INFO_DATA inside IFLA_LINKINFO. Undefined when no attribute starts there.
 */
export const attributePath = (
  request: Uint8Array,
  fixedHeaderBytes: number,
  offset: number,
): readonly number[] | undefined => {
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength)
  const path: number[] = []
  let cursor = new AttributeCursor(view, NLMSG_HDRLEN + fixedHeaderBytes)
  while (cursor.next()) {
    const start = cursor.offset - 4
    if (offset < start) return undefined
    if (offset >= cursor.offset + cursor.length && offset !== start) continue
    path.push(cursor.type)
    if (offset === start) return path
    cursor = cursor.nested()
  }
  return undefined
}
