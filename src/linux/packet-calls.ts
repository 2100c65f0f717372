/**
 * The system calls of the packet path, by address: no view, no closure and no BigInt per packet. Results are those of
 * syscalls.ts: a count, or a negative errno. An address must come from native-memory.ts, for memory that someone holds.
 */
import { koffi, processSymbols } from './koffi-library.ts'
import { addressOf, NativeBlock } from './native-memory.ts'
import type { Bytes } from './syscalls.ts'

export interface PacketCalls {
  addressOf(memory: Bytes): number
  read(fd: number, address: number, size: number): number
  write(fd: number, address: number, size: number): number
  /** `vectors`: the address of `count` struct iovec. */
  writev(fd: number, vectors: number, count: number): number
  /** `header`: the address of a struct msghdr. */
  sendmsg(fd: number, header: number, flags: number): number
  recvmsg(fd: number, header: number, flags: number): number
  /** CLOCK_BOOTTIME in milliseconds: monotonic, and it goes on while the machine sleeps, as keys age then too. */
  bootTimeMs(): number
}

/** clock_gettime(2), <linux/time.h>. */
const CLOCK_BOOTTIME = 7

interface Bound {
  read(fd: number, address: number, size: number): number
  write(fd: number, address: number, size: number): number
  writev(fd: number, vectors: number, count: number): number
  sendmsg(fd: number, header: number, flags: number): number
  recvmsg(fd: number, header: number, flags: number): number
  clockGettime(clock: number, timespec: number): number
}

function bind(): Bound {
  const library = processSymbols()
  const f = (prototype: string) => library.func(prototype)
  return {
    read: f('intptr_t read(int fd, intptr_t buffer, size_t size)'),
    write: f('intptr_t write(int fd, intptr_t buffer, size_t size)'),
    writev: f('intptr_t writev(int fd, intptr_t vectors, int count)'),
    sendmsg: f('intptr_t sendmsg(int fd, intptr_t header, int flags)'),
    recvmsg: f('intptr_t recvmsg(int fd, intptr_t header, int flags)'),
    clockGettime: f('int clock_gettime(int clock, intptr_t timespec)'),
  }
}

class KoffiPacketCalls implements PacketCalls {
  readonly #bound = bind()
  readonly #errno = koffi().errno
  readonly #timespec = new NativeBlock(16)

  addressOf(memory: Bytes): number {
    return addressOf(memory)
  }
  read(fd: number, address: number, size: number): number {
    const result = this.#bound.read(fd, address, size)
    return result < 0 ? -this.#errno() : result
  }
  write(fd: number, address: number, size: number): number {
    const result = this.#bound.write(fd, address, size)
    return result < 0 ? -this.#errno() : result
  }
  writev(fd: number, vectors: number, count: number): number {
    const result = this.#bound.writev(fd, vectors, count)
    return result < 0 ? -this.#errno() : result
  }
  sendmsg(fd: number, header: number, flags: number): number {
    const result = this.#bound.sendmsg(fd, header, flags)
    return result < 0 ? -this.#errno() : result
  }
  recvmsg(fd: number, header: number, flags: number): number {
    const result = this.#bound.recvmsg(fd, header, flags)
    return result < 0 ? -this.#errno() : result
  }
  bootTimeMs(): number {
    this.#bound.clockGettime(CLOCK_BOOTTIME, this.#timespec.address)
    const { view } = this.#timespec
    const seconds = view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000
    return seconds * 1000 + view.getUint32(8, true) / 1e6
  }
}

/** Loads native code. */
export const loadPacketCalls = (): PacketCalls => new KoffiPacketCalls()
