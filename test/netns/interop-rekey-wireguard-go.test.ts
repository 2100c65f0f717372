/** `warren device` against wireguard-go; the topology is drawn in the suite. */
import { rekeySuite } from '../harness/interop-suite.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

rekeySuite(wireguardGo)
