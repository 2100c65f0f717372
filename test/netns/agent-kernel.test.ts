/** An agent on the kernel's WireGuard. Alone in its file, because where it has to run, in the VM, time is dear. */
import { KERNEL_MAKE } from './agent-hosts.ts'
import { driftTest, linksTest } from './agent-suites.ts'

driftTest(KERNEL_MAKE, 4)
linksTest(KERNEL_MAKE)
