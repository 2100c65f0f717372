/** `warren device` and wireguard-go under load; the exchange is drawn in the suite. */
import { cookieSuite } from '../harness/interop-cookie-suite.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

cookieSuite(wireguardGo)
