/** What the agent's key store calls the key of an interface; `import` of the agent itself would load native code. */
import type { ObjectRef } from '../../model/index.ts'

export function keyFileName({ kind, namespace, name }: ObjectRef): string {
  return `${kind === 'WireGuardInterface' ? 'interface_' : ''}${namespace}_${name}.key`
}
