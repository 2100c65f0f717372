/** Throwaway hosts, NATs and firewalls in namespaces, running any plan; and the demonstration that `npm start` is. */
export {
  firstProcessOf,
  startKeeper,
  startTimeOf,
  stopKeeper,
  type KeeperOptions,
} from './containment/keeper.ts'
export * from './containment/lab-folder.ts'
export { isRoot, type Missing, missingRequirements } from './containment/requirements.ts'
export { demonstrate } from './demonstration/demonstrate.ts'
export { holdLab, type HoldOrder } from './demonstration/hold-lab.ts'
export * from './demonstration/events.ts'
export {
  compareFingerprints,
  type Fingerprint,
  summarise,
  takeFingerprint,
} from './fingerprint/fingerprint.ts'
export { echo, type EchoRequest } from './probes/echo.ts'
export { scanPorts, type ScanResult } from './probes/port-scan.ts'
export { transfer, type TransferRequest } from './probes/transfer.ts'
export { Lab } from './runtime/lab.ts'
export { type LineQuality, setLineQuality } from './runtime/line-quality.ts'
export { Machine } from './runtime/machine.ts'
export type { LabEndpoint, LabNode } from './topology/lab-node.ts'
export { labNodesOf } from './topology/lab-nodes.ts'
export { LabRefusal } from './topology/lab-refusal.ts'
export { layOut, type LayOutOptions } from './topology/lay-out.ts'
export * from './topology/topology.ts'
