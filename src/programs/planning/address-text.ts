/** An address as ip(8) has it. */
import type { AddressIntent } from '../../model/index.ts'

export const addressText = ({ local, prefixLength, peer }: AddressIntent): string =>
  peer === undefined ? `${local}/${prefixLength}` : `${local} peer ${peer}/${prefixLength}`
