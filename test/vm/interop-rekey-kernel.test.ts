/** `warren device` against the WireGuard of the kernel; the topology is drawn in the suite. */
import { rekeySuite } from '../harness/interop-suite.ts'
import { kernelWireGuard } from '../harness/wireguard-ends.ts'

rekeySuite(kernelWireGuard)
