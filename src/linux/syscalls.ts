/**
 * The port to the kernel: system calls as they are in section 2 of the manual, all synchronous.
 *
 * Every call returns a number: what the call returns, or a negative errno (`-EAGAIN`). Nothing here throws for
 * what the kernel refuses; `check()` turns a refusal into a KernelError where the caller has no better answer.
 * Buffers are Uint8Array views and may point into a larger buffer. Addresses (`struct sockaddr`) and control
 * messages are bytes in the kernel's own layout; socket-address.ts makes and reads them.
 *
 * Implementations: koffi-syscalls.ts (the real kernel), fake/ (one in memory).
 */
import type { Buffer } from 'node:buffer'

export type Bytes = Uint8Array | Buffer

/** A `sockaddr` that the kernel fills in: the space, and its length before and after the call. */
export interface SocketAddressSpace {
  readonly bytes: Bytes
  /** One element: the size of `bytes` going in, the length of the address coming out. */
  readonly length: Int32Array
}

/**
 * A `struct msghdr` whose pointers were resolved once, so that sending it again costs no allocation. The buffers
 * stay where they are for the life of this object; only lengths change between calls.
 */
export interface MessageHeader {
  readonly name: Bytes | undefined
  readonly parts: readonly Bytes[]
  readonly control: Bytes | undefined
  /** Bytes of part `index` to send or to fill. */
  setPartLength(index: number, length: number): void
  /** How many of the parts count; the others are left out. */
  setPartCount(count: number): void
  /** `msg_namelen`: to be set before each receive, because the kernel overwrites it. */
  nameLength: number
  /** `msg_controllen`: the same. */
  controlLength: number
  /** `msg_flags` of the last receive. */
  readonly flags: number
}

export interface MessageBuffers {
  readonly name?: Bytes
  readonly parts: readonly Bytes[]
  readonly control?: Bytes
}

export interface MountOptions {
  readonly source?: string
  readonly type?: string
  readonly flags?: number
  readonly data?: string
}

export interface Syscalls {
  open(path: string, flags: number, mode?: number): number
  close(fd: number): number
  read(fd: number, buffer: Bytes): number
  write(fd: number, buffer: Bytes): number
  dup(fd: number): number
  dup3(from: number, to: number, flags: number): number
  fcntl(fd: number, command: number, argument: number): number
  flock(fd: number, operation: number): number
  /** `argument` is a structure to read or fill, or a plain number, as the request wants it. */
  ioctl(fd: number, request: number, argument: Bytes | number): number
  eventfd(initial: number, flags: number): number
  /** `fds`: an array of `struct pollfd`, 8 bytes each (fd, events, revents). */
  poll(fds: Bytes, timeoutMs: number): number

  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Bytes): number
  connect(fd: number, address: Bytes): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, flags: number, from?: SocketAddressSpace): number
  shutdown(fd: number, how: number): number
  getsockname(fd: number, space: SocketAddressSpace): number
  setsockopt(fd: number, level: number, name: number, value: Bytes | number): number
  /** Fills `value`; returns the length the kernel wrote. */
  getsockopt(fd: number, level: number, name: number, value: Bytes): number
  send(fd: number, buffer: Bytes, flags: number): number
  sendto(fd: number, buffer: Bytes, flags: number, to: Bytes): number
  recv(fd: number, buffer: Bytes, flags: number): number
  recvfrom(fd: number, buffer: Bytes, flags: number, from: SocketAddressSpace): number
  messageHeader(buffers: MessageBuffers): MessageHeader
  sendmsg(fd: number, message: MessageHeader, flags: number): number
  recvmsg(fd: number, message: MessageHeader, flags: number): number

  setns(fd: number, type: number): number
  unshare(flags: number): number
  mount(target: string, options: MountOptions): number
  umount2(target: string, flags: number): number
  chroot(path: string): number
  pivotRoot(newRoot: string, putOld: string): number
  sethostname(name: string): number

  prctl(option: number, ...args: readonly number[]): number
  /** `header`: `__user_cap_header_struct` (8 bytes); `data`: two `__user_cap_data_struct` (24 bytes). */
  capset(header: Bytes, data: Bytes): number
  capget(header: Bytes, data: Bytes): number
}
