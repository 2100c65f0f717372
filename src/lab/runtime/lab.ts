/**
 * A running lab: the machines of a topology, wired. It lives as long as this process: the machines' first
 * processes wait on pipes that we hold.
 */
import { appendFileSync } from 'node:fs'
import type { Syscalls } from '../../linux/index.ts'
import type { LabTopology } from '../topology/topology.ts'
import { Machine } from './machine.ts'
import { awaitLines, wire } from './wiring.ts'

export class Lab {
  readonly topology: LabTopology
  readonly sys: Syscalls
  readonly machines: ReadonlyMap<string, Machine>

  private constructor(sys: Syscalls, topology: LabTopology, machines: ReadonlyMap<string, Machine>) {
    this.sys = sys
    this.topology = topology
    this.machines = machines
  }

  static async open(sys: Syscalls, topology: LabTopology): Promise<Lab> {
    const opened = await Promise.allSettled(topology.machines.map((spec) => Machine.open(sys, spec)))
    const machines = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const lab = new Lab(sys, topology, new Map(machines.map((machine) => [machine.name, machine])))
    try {
      for (const result of opened) if (result.status === 'rejected') throw result.reason
      wire(lab.machines)
      await awaitLines(sys, lab.machines)
      for (const host of lab.hosts) appendFileSync(host.path('/etc/hosts'), lab.#hostsFile(host.name))
    } catch (error) {
      await lab.close()
      throw error
    }
    return lab
  }

  machine(name: string): Machine {
    const machine = this.machines.get(name)
    if (machine === undefined) throw new Error(`this lab has no machine ${name}`)
    return machine
  }

  /** The plan's own machines, without routers, backbone and stranger. */
  get hosts(): Machine[] {
    return [...this.machines.values()].filter((machine) => machine.spec.role === 'host')
  }

  #hostsFile(own: string): string {
    const lines = this.topology.names.map(({ address, name }) => `${address} ${name}`)
    return [`127.0.1.1 ${own}`, ...lines, ''].join('\n')
  }

  async close(): Promise<void> {
    await Promise.all([...this.machines.values()].map((machine) => machine.close()))
  }
}
