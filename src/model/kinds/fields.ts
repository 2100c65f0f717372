/**
 * The field types that several kinds share. A refused value names its problem code and a hint in the issue's
 * `params`; `problems-of-issues.ts` turns issues into Problems.
 */
import { z } from 'zod'
import { formatPrefix, parseAddress, parseEndpoint, parseHostInPrefix, prefixOf } from '../addresses/index.ts'
import type { SecretText } from '../intent.ts'
import { isKeyText } from '../key-text.ts'
import type { ProblemCode } from '../problem-codes.ts'
import { secretText } from '../secret-text.ts'

export interface IssueParams {
  readonly code: ProblemCode
  readonly hint: string
}

const refused = (code: ProblemCode, message: string, hint: string) => ({
  message,
  params: { code, hint } satisfies IssueParams,
})

const NODE_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/

/** Names of objects, nodes and sites: RFC 1123 subdomains, as Kubernetes names are. */
export const name = z
  .string()
  .refine(
    (text) => NODE_NAME.test(text),
    refused(
      'InvalidName',
      'not a name',
      'Use lower-case letters, digits, "-" and ".", starting and ending with a letter or digit.',
    ),
  )

const LINK_NAME = /^[\w=+.@][-\w=+.@]{0,14}$/
const RESERVED_LINK_NAMES = new Set(['.', '..', 'all', 'default'])

/**
 * What the kernel takes as a link's name (dev_valid_name, IFNAMSIZ 16 with its NUL), less what means something else
 * elsewhere: `%d` makes the kernel count, `all` and `default` are everybody's sysctls, a leading dash is an option,
 * and the rest is for shells and unit files, which get these names in commands to type.
 */
export const isLinkName = (text: string): boolean => LINK_NAME.test(text) && !RESERVED_LINK_NAMES.has(text)

export const linkName = z
  .string()
  .refine(
    isLinkName,
    refused(
      'InvalidInterfaceName',
      'not an interface name',
      'Use 1 to 15 letters, digits and "_=+.@-", not beginning with "-", and neither "all" nor "default".',
    ),
  )

export const port = z.int().min(1).max(65535)

export const portRange = z.strictObject({
  start: port.describe('First port.'),
  end: port.describe('Last port, itself included.'),
})

export const mtu = z.int().min(576).max(65455).describe('MTU in bytes.')

export const seconds = z.int().min(0).max(65535)

/** A network: the bits behind its length must be zero. */
export const prefix = z.string().superRefine((text, context) => {
  const refusal = refusePrefix(text)
  if (refusal !== undefined) context.addIssue({ code: 'custom', ...refusal })
})

function refusePrefix(text: string) {
  const parsed = parseHostInPrefix(text)
  if (parsed === undefined) {
    return refused('InvalidCidr', 'not a network prefix', 'Write it as 10.0.0.0/24 or fd00:10::/64.')
  }
  const masked = prefixOf(parsed.host, parsed.length)
  if (!text.includes('/')) {
    return refused(
      'InvalidCidr',
      'a network prefix needs a length',
      `Write ${formatPrefix(masked)} for this one host.`,
    )
  }
  if (masked.address.value === parsed.host.value) return undefined
  return refused('HostBitsSet', 'bits are set behind the length', `Write ${formatPrefix(masked)}.`)
}

/** A prefix of allowed IPs, where a bare address means that one host. */
export const allowedPrefix = z
  .string()
  .refine(
    (text) => parseHostInPrefix(text) !== undefined,
    refused('InvalidCidr', 'not a network prefix', 'Write it as 10.0.0.0/24, fd00:10::/64 or 10.0.0.7.'),
  )

const hostOrPrefix = (text: string): boolean => parseHostInPrefix(text) !== undefined

export const interfaceAddress = z.union(
  [
    z
      .string()
      .refine(
        hostOrPrefix,
        refused('InvalidAddress', 'not an address', 'Write 10.0.0.7, 10.0.0.7/24 or fd00:10::7.'),
      ),
    z.strictObject({
      local: z
        .string()
        .refine(hostOrPrefix, refused('InvalidAddress', 'not an address', 'Write 10.4.0.1 or fe80::1.'))
        .describe('This end, with a prefix length when there is no `peer`.'),
      peer: z
        .string()
        .refine(hostOrPrefix, refused('InvalidAddress', 'not an address', 'Write 10.4.0.2/32 or fe80::2/64.'))
        .optional()
        .describe('The other end of a point-to-point address, with the prefix length of the pair.'),
    }),
  ],
  {
    error: () => 'not an address',
  },
)

export const address = z
  .string()
  .refine(
    (text) => parseAddress(text) !== undefined,
    refused('InvalidAddress', 'not an address', 'Write 10.0.0.7 or fd00:10::7, without a length.'),
  )

export const endpoint = z
  .string()
  .refine(
    (text) => parseEndpoint(text) !== undefined,
    refused(
      'InvalidEndpoint',
      'not an endpoint',
      'Write host:port, as in hub.example.net:51820, 203.0.113.7:51820 or [2001:db8::7]:51820.',
    ),
  )

const keyText = z
  .string()
  .refine(
    isKeyText,
    refused(
      'InvalidKey',
      'not a key',
      'A key is 44 characters of base64, as `wg genkey` and `wg pubkey` print it.',
    ),
  )

export const publicKey = keyText

/** Redacted from here on: it never prints. */
export const secretKey = keyText.transform((text): SecretText => secretText(text))

export const secretRef = z.strictObject({
  name: name.describe('The Secret, in the same namespace.'),
  // What Kubernetes allows; it becomes the name of a file in commands to type.
  key: z
    .string()
    .regex(/^[-._a-zA-Z0-9]{1,253}$/, 'not the name of an entry of a Secret')
    .describe('The entry of its `data` or `stringData`.'),
  namespace: name
    .optional()
    .describe("Only the object's own namespace is accepted; anything else is refused."),
})

export const table = z.union([z.enum(['main', 'off']), z.int().min(1).max(4294967295)], {
  error: () => 'expected main, off or a table number',
})

export const interfaceSettings = z.strictObject({
  name: linkName.optional().describe("The link's name; by default made from the network's name."),
  mtu: mtu.optional().describe('MTU in bytes. Default 1420.'),
  listenPort: port.optional().describe('UDP port. Default 51820.'),
  table: table
    .optional()
    .describe('Where routes go: `main`, `off` (none), or a table number. Default `main`, with Links `off`.'),
  fwmark: z.int().min(1).max(4294967295).optional().describe('Mark on the outgoing UDP packets.'),
})

/** Of links that are not WireGuard: as small as IPv4 goes (RFC 791). */
export const linkMtu = z.int().min(68).max(65535).describe('MTU in bytes.')

const HARDWARE_ADDRESS = /^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/

export const hardwareAddress = z
  .string()
  .refine(
    (text) => HARDWARE_ADDRESS.test(text),
    refused('InvalidHardwareAddress', 'not a hardware address', 'Write it as 02:00:5e:10:00:01.'),
  )
  .refine(
    (text) => !HARDWARE_ADDRESS.test(text) || (Number.parseInt(text.slice(0, 2), 16) & 1) === 0,
    refused('InvalidHardwareAddress', 'the address of a group', 'Make its first octet even, as in 02.'),
  )

/** Ids of containers go into paths and requests to sockets. */
const containerId = z.string().regex(/^[\w][-\w.]{0,252}$/, 'not the id of a container')
const netnsName = /^[\w][-\w.@]{0,200}$/
/** Says where it leads, to a bound like `/run/netns/*` and to whoever reads it on a terminal. */
const isPlainPath = (path: string): boolean =>
  path.length < 4096 && !/\p{C}/u.test(path) && !path.split('/').some((part) => part === '.' || part === '..')

export const container = z.strictObject({
  docker: z
    .strictObject({ name: containerId.describe('Its name or id.') })
    .optional()
    .describe('A docker container.'),
  podman: z
    .strictObject({ name: containerId.describe('Its name or id.') })
    .optional()
    .describe('A podman container.'),
  containerd: z
    .strictObject({
      id: containerId.describe('Its id.'),
      namespace: containerId.default('default').describe('containerd’s own: `default`, `k8s.io`, `moby`.'),
    })
    .optional()
    .describe('A container of containerd.'),
  cri: z
    .strictObject({ id: containerId.describe('Its id, or that of its sandbox.') })
    .optional()
    .describe('A container by the runtime interface of Kubernetes.'),
  pod: z
    .strictObject({
      namespace: name.default('default').describe('Its Kubernetes namespace.'),
      name: name.describe('Its name.'),
    })
    .optional()
    .describe('A pod on this node.'),
  pid: z.int().min(1).max(4194304).optional().describe('A process whose network namespace is meant.'),
  netns: z
    .string()
    .refine(
      (text) => (text.startsWith('/') ? isPlainPath(text) : netnsName.test(text)),
      refused('InvalidValue', 'not a network namespace', 'Write /run/netns/blue, or blue for the same.'),
    )
    .optional()
    .describe('The path of a network namespace, or the name that `ip netns` has for it.'),
})

export const labels = z.record(z.string(), z.string())

export const metadata = z.looseObject({
  name,
  namespace: name.default('default'),
  labels: labels.optional(),
  annotations: labels.optional(),
  uid: z.string().optional(),
})
