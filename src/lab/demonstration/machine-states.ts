/** A running lab's machines as the outside notes them. */
import type { LabMachineState } from '../containment/lab-folder.ts'
import type { Lab } from '../runtime/lab.ts'

export function machineStates(lab: Lab): LabMachineState[] {
  return [...lab.machines.values()].map(({ spec, pid }) => ({
    name: spec.name,
    role: spec.role,
    site: spec.site,
    addresses: spec.cables.flatMap((cable) => cable.addresses),
    pid,
  }))
}
