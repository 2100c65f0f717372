/** `NAME.lock.yaml` → allocations, held to a schema: what a lock says ends up in interfaces. */
import { z } from 'zod'
import { formatAddress, parseAddress } from './addresses/index.ts'
import { type Allocations, type NodeAllocation, NO_ALLOCATIONS } from './allocations.ts'
import * as fields from './kinds/fields.ts'
import type { Problem } from './problem.ts'
import { problemsOfIssues } from './problems-of-issues.ts'
import { rememberSource } from './source-of.ts'
import { readYaml } from './yaml-documents.ts'

const node = z.strictObject({
  addresses: z.array(fields.address).default([]),
  publicKey: fields.publicKey.optional(),
  interfaces: z
    .array(z.strictObject({ link: z.string().optional(), name: fields.linkName, listenPort: fields.port }))
    .default([]),
})

/** Names in a lock go where those of a plan go: into commands and into the names of files. */
const networkId = z
  .string()
  .refine((text) => text.split('/').length === 2 && text.split('/').every((part) => isName(part)))

const isName = (text: string): boolean => fields.name.safeParse(text).success

const allocationsFile = z.strictObject({
  apiVersion: z.literal('warren.dev/v1alpha1'),
  kind: z.literal('Allocations'),
  networks: z
    .record(networkId, z.strictObject({ nodes: z.record(fields.name, node).default({}) }))
    .default({}),
})

export interface ParsedAllocations {
  readonly allocations: Allocations
  readonly problems: readonly Problem[]
}

/** An empty text is an empty lock. */
export function parseAllocations(text: string, { file }: { readonly file: string }): ParsedAllocations {
  const { documents, problems } = readYaml(text, file)
  const [document] = documents
  if (problems.length > 0 || document === undefined) return { allocations: NO_ALLOCATIONS, problems }
  if (documents.length > 1) {
    const message = `a lock file is one document, this one has ${documents.length}`
    return { allocations: NO_ALLOCATIONS, problems: [{ code: 'InvalidAllocations', path: file, message }] }
  }
  const { value, locate } = document
  const result = allocationsFile.safeParse(value)
  if (!result.success) {
    const context = { title: file, schema: allocationsFile, value, locate }
    return { allocations: NO_ALLOCATIONS, problems: problemsOfIssues(result.error.issues, context) }
  }
  const networks = mapValues(result.data.networks, (network) => ({
    nodes: mapValues(network.nodes, canonical),
  }))
  const allocations = { networks }
  rememberSource(allocations, locate)
  return { allocations, problems: [] }
}

function canonical(given: z.output<typeof node>): NodeAllocation {
  return {
    addresses: given.addresses.map(canonicalAddress),
    ...(given.publicKey === undefined ? {} : { publicKey: given.publicKey }),
    interfaces: given.interfaces.map(({ link, name, listenPort }) =>
      link === undefined ? { name, listenPort } : { link, name, listenPort },
    ),
  }
}

function canonicalAddress(text: string): string {
  const address = parseAddress(text)
  return address === undefined ? text : formatAddress(address)
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
