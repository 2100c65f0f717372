/** Which node this machine is, unless somebody says otherwise: the agent's own choice. */
import { hostname } from 'node:os'

import { env } from '../options.ts'

export function thisNode(): string {
  return env('WARREN_NODE_NAME', hostname())
}
