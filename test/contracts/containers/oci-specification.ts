/**
 * The specification of a container that does nothing, for those who take one: what `runc spec` says, without limits
 * (a machine without CAP_SYS_RESOURCE, or without some controller, may not set them).
 */
import { writeFileSync } from 'node:fs'
import { IDLE, type RuntimeHost } from './runtime-host.ts'

interface Specification {
  readonly process: object
  readonly linux: object
}

export interface SpecificationOptions {
  readonly into: string
  readonly root: string
}

export const writeSpecification = async (
  host: RuntimeHost,
  { into, root }: SpecificationOptions,
): Promise<void> => {
  await host.exec(`runc spec --bundle=${host.folder}`)
  const usual = JSON.parse(await host.exec(`cat ${host.folder}/config.json`)) as Specification
  const process = { ...usual.process, terminal: false, args: IDLE, rlimits: [] }
  const linux = { ...usual.linux, resources: {}, cgroupsPath: '/warren-test' }
  writeFileSync(into, JSON.stringify({ ...usual, process, linux, root: { path: root } }))
}
