/** Addresses as bytes and as text, for the protocols that carry both. Pure. */
export * from './address-text.ts'
