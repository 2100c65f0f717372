/** The algorithms by their names in settings. */
import type { CongestionControl } from './control.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './newreno.ts'

export function congestionControl(name: 'cubic' | 'newreno', segmentBytes: number): CongestionControl {
  return name === 'newreno' ? new NewReno(segmentBytes) : new Cubic(segmentBytes)
}
