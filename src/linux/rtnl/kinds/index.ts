/** Link kinds: the settings that each has, by the kernel's names, and how they travel. */
export * from './link-kind.ts'
export type { LinkSettings } from './setting-field.ts'
export * from './settings-codec.ts'
