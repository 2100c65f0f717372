/** What the kernel refuses, as failures of a stream. */
import { KernelError } from '../linux/index.ts'
import type { FailureCode, SocketEnd, StreamFailure } from '../streams/index.ts'

const KNOWN = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'],
  ...['EADDRINUSE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOTFOUND', 'EACCES', 'EPROTO'],
] as const satisfies readonly FailureCode[]

const OTHER_NAMES: Readonly<Record<string, FailureCode>> = {
  EPERM: 'EACCES',
  ENOMEM: 'ENOBUFS',
  EMFILE: 'ENOBUFS',
  ENFILE: 'ENOBUFS',
  EINVAL: 'EADDRNOTAVAIL',
  EAFNOSUPPORT: 'EADDRNOTAVAIL',
  ENETDOWN: 'ENETUNREACH',
  EHOSTDOWN: 'EHOSTUNREACH',
}

/** `name`: of an error number, as errno(3) has it. */
export function failureCode(name: string): FailureCode {
  return KNOWN.find((code) => code === name) ?? OTHER_NAMES[name] ?? 'EPROTO'
}

/** `what`: what could not be done, as in KernelError. */
export function kernelFailure(what: string, errno: number): StreamFailure {
  const { code, message } = new KernelError(what, errno)
  return { code: failureCode(code), message }
}

export function nodeFailure(what: string, error: unknown): StreamFailure {
  const { code = 'EPROTO', message } = error as NodeJS.ErrnoException
  return { code: failureCode(code), message: `cannot ${what}: ${message}` }
}

export function formatEnd({ address, port }: SocketEnd): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const MAPPED = '::ffff:'

/** An IPv4 client of a dual-stack listener is an IPv4 client. */
export function withoutMapping(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address
}
