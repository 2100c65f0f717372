/**
 * Generic netlink: families that register under a name and get a number at run time (<linux/genetlink.h>).
 *
 *   genlmsghdr   command u8 | version u8 | reserved u16                                      4 bytes
 */
import { isKernelError } from '../kernel-error.ts'
import {
  AttributeCursor,
  type MessageWriter,
  type NetlinkMessage,
  type NetlinkSocket,
} from '../netlink/index.ts'
import * as uapi from '../uapi/index.ts'

export const GENLMSGHDR_BYTES = 4

export interface GenericFamily {
  /** The message type of its requests. */
  readonly id: number
  readonly version: number
  readonly groups: ReadonlyMap<string, number>
}

export const encodeGenericHeader = (writer: MessageWriter, command: number, version: number): void => {
  writer.u8(command).u8(version).u16(0)
}

/** Undefined when the kernel has no such family. The kernel loads a module for it if it can. */
export const findFamily = (socket: NetlinkSocket, name: string): GenericFamily | undefined => {
  try {
    return socket.query(
      {
        type: uapi.GENL_ID_CTRL,
        what: `find the generic netlink family ${name}`,
        header: { bytes: GENLMSGHDR_BYTES, prefix: 'CTRL_ATTR_' },
        body: (writer) => {
          encodeGenericHeader(writer, uapi.CTRL_CMD_GETFAMILY, 1)
          writer.attributeString(uapi.CTRL_ATTR_FAMILY_NAME, name)
        },
      },
      decodeFamily,
    )
  } catch (error) {
    if (isKernelError(error, 'ENOENT')) return undefined
    throw error
  }
}

export const decodeFamily = ({ payload }: NetlinkMessage): GenericFamily | undefined => {
  let id: number | undefined
  let version = 0
  const groups = new Map<string, number>()
  const attributes = new AttributeCursor(payload, GENLMSGHDR_BYTES)
  while (attributes.next()) {
    if (attributes.type === uapi.CTRL_ATTR_FAMILY_ID) id = attributes.u16()
    else if (attributes.type === uapi.CTRL_ATTR_VERSION) version = attributes.u32() ?? 0
    else if (attributes.type === uapi.CTRL_ATTR_MCAST_GROUPS) decodeGroups(attributes.nested(), groups)
  }
  return id === undefined ? undefined : { id, version, groups }
}

const decodeGroups = (list: AttributeCursor, groups: Map<string, number>): void => {
  while (list.next()) {
    let name: string | undefined
    let id: number | undefined
    const group = list.nested()
    while (group.next()) {
      if (group.type === uapi.CTRL_ATTR_MCAST_GRP_NAME) name = group.string()
      else if (group.type === uapi.CTRL_ATTR_MCAST_GRP_ID) id = group.u32()
    }
    if (name !== undefined && id !== undefined) groups.set(name, id)
  }
}
