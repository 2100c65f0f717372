/** The Aead port over node:crypto: no native parts of our own, an object per packet. */
import type { Aead } from './aead.ts'

export const nodeAead: Aead = {
  key() {
    throw new Error('not yet')
  },
}
