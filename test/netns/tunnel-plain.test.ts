/** A tunnel inside a process without native code (node:dgram), against wireguard-go. */
import { tunnelSuite } from '../harness/tunnel-suite.ts'
import { wireguardGo } from '../harness/wireguard-ends.ts'

tunnelSuite({ make: wireguardGo, engine: 'plain', bytes: 20_000_000 })
