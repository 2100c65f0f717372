/** `warren device` and the WireGuard of the kernel under load; the exchange is drawn in the suite. */
import { cookieSuite } from '../harness/interop-cookie-suite.ts'
import { kernelWireGuard } from '../harness/wireguard-ends.ts'

cookieSuite(kernelWireGuard)
