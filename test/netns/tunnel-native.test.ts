/** A tunnel inside a process by system calls (GRO, GSO, cipher through FFI), against wireguard-go. */
import { tunnelSuite } from '../harness/tunnel-suite.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

tunnelSuite({ make: wireguardGo, engine: 'native', bytes: 50_000_000 })
