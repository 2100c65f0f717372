/** The fake beside the port: a kernel in memory. */
export { FakeKernel, type FakeKernelOptions } from './fake-kernel.ts'
export { FakeNamespace } from './fake-namespace.ts'
export {
  type Fault,
  type FaultyRequest,
  type FaultySyscalls,
  isChange,
  withFaults,
} from './faulty-syscalls.ts'
