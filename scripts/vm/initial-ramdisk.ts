/**
 * The initial ramdisk as bytes, in cpio's `newc` format (linux: Documentation/driver-api/early-userspace/
 * buffer-format.rst): per entry a header of ASCII hex fields, the name, the data, each padded to four bytes.
 */
export interface RamdiskEntry {
  readonly path: string
  /** File type and permissions, as in stat(2). */
  readonly mode: number
  readonly data: Uint8Array
}

export const DIRECTORY = 0o040755
export const EXECUTABLE = 0o100755
export const PLAIN_FILE = 0o100644

export function encodeRamdisk(entries: readonly RamdiskEntry[]): Buffer {
  const trailer: RamdiskEntry = { path: 'TRAILER!!!', mode: 0, data: new Uint8Array() }
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => encodeEntry(entry, index + 1)))
}

function encodeEntry({ path, mode, data }: RamdiskEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`)
  const [uid, gid, links, modified, device, check] = [0, 0, 1, 0, 0, 0]
  const numbers = [inode, mode, uid, gid, links, modified, data.length, device, device, device, device]
  const fields = [...numbers, name.length, check].map((n) => n.toString(16).padStart(8, '0')).join('')
  const head = Buffer.concat([Buffer.from(`070701${fields}`), name])
  return [head, padding(head.length), data, padding(data.length)]
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4)
}
