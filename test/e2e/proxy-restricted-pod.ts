/**
 * The pod of deploy/proxy/kubernetes.yaml as a container of the OCI runtime specification: what a kubelet and its
 * runtime would make of the fields, so that a test runs what the file says and not what the test would like.
 *
 *   securityContext ──▶ user, capabilities, noNewPrivileges, root.readonly, seccomp
 *   Secret, ConfigMap ──▶ /etc/warren      Dockerfile: ENTRYPOINT ──▶ process.args, with the pod's args
 */
import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

export const KUBERNETES = 'deploy/proxy/kubernetes.yaml'
export const DOCKERFILE = 'deploy/proxy/Dockerfile'
/** Root of the container's user namespace is this user of the machine's, who is nobody. */
export const FIRST_ID = 100_000
const ID_COUNT = 65_536

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

export interface Pod {
  readonly automountServiceAccountToken?: boolean
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly securityContext: {
    readonly runAsNonRoot: boolean
    readonly runAsUser: number
    readonly runAsGroup: number
    readonly fsGroup: number
    readonly seccompProfile: { readonly type: string }
  }
  readonly containers: readonly [
    {
      readonly args: readonly string[]
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
      readonly securityContext: {
        readonly allowPrivilegeEscalation: boolean
        readonly readOnlyRootFilesystem: boolean
        readonly privileged: boolean
        readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] }
      }
      readonly readinessProbe: Probe
      readonly livenessProbe: Probe
      readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly?: boolean }[]
      readonly resources: { readonly limits: { readonly memory: string } }
    },
  ]
  readonly volumes: readonly { readonly hostPath?: object }[]
}

export interface KubernetesObject {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec?: { readonly template?: { readonly spec: Pod } }
}

export function readKubernetes(): readonly KubernetesObject[] {
  return parseAllDocuments(readFileSync(KUBERNETES, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${KUBERNETES}: ${document.errors.join(', ')}`)
    return document.toJS() as KubernetesObject
  })
}

export function podOf(objects: readonly KubernetesObject[]): Pod {
  const pod = objects.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
  if (pod === undefined) throw new Error(`${KUBERNETES} has no Deployment`)
  return pod
}

/** `["node", …, "proxy"]`: in the form that takes no shell. */
export function entrypointOf(dockerfile: string): readonly string[] {
  const lines = dockerfile.replaceAll(/\\\n\s*/g, '')
  return JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(lines)?.[1] ?? '[]') as readonly string[]
}

export interface BundleOptions {
  readonly pod: Pod
  readonly entrypoint: readonly string[]
  readonly root: string
  /** Path of the network namespace that stands for the pod's. */
  readonly network: string
  /** Single files of this machine, seen at other paths. */
  readonly files: Readonly<Record<string, string>>
}

/** `config.json` of a bundle. Nothing is mounted but proc, an empty dev, and the files. */
export function specificationOf({ pod, entrypoint, root, network, files }: BundleOptions): object {
  const { securityContext: forAll, containers } = pod
  const { securityContext: own, args } = containers[0]
  const capabilities = own.capabilities.drop.includes('ALL') ? (own.capabilities.add ?? []) : undefined
  if (capabilities === undefined)
    throw new Error('a pod that drops ALL is the only kind that is understood here')
  const kinds = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient']
  const ids = [{ containerID: 0, hostID: FIRST_ID, size: ID_COUNT }]
  const readOnly = ['bind', 'ro', 'nosuid', 'nodev']
  return {
    ociVersion: '1.0.0',
    hostname: 'warren-proxy',
    root: { path: root, readonly: own.readOnlyRootFilesystem },
    process: {
      terminal: false,
      user: { uid: forAll.runAsUser, gid: forAll.runAsGroup, additionalGids: [forAll.fsGroup] },
      args: [...entrypoint, ...args],
      env: ['PATH=/usr/local/bin', 'LD_LIBRARY_PATH=/lib'],
      cwd: '/',
      capabilities: Object.fromEntries(kinds.map((kind) => [kind, capabilities])),
      noNewPrivileges: !own.allowPrivilegeEscalation,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      ...Object.entries(files).map(([destination, source]) => ({
        ...{ destination, source, type: 'bind' },
        options: readOnly,
      })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount', 'user'].map((type) => ({ type })),
        { type: 'network', path: network },
      ],
      ...{ uidMappings: ids, gidMappings: ids, resources: {}, cgroupsPath: '/warren-proxy-test' },
      ...(forAll.seccompProfile.type === 'RuntimeDefault' ? { seccomp: SECCOMP } : {}),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sched_debug'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  }
}

/**
 * What the runtimes' default profiles have in common for a process without capabilities: no mounts, namespaces, keys,
 * modules, clocks, tracing or io_uring. Stricter in one thing: of the sockets, only those of IP and the machine's own.
 */
const DENIED = [
  ...['mount', 'umount2', 'pivot_root', 'move_mount', 'fsopen', 'fsmount', 'open_tree', 'mount_setattr'],
  ...['unshare', 'setns', 'bpf', 'perf_event_open', 'userfaultfd', 'kexec_load', 'kexec_file_load', 'reboot'],
  ...['init_module', 'finit_module', 'delete_module', 'add_key', 'keyctl', 'request_key', 'acct', 'quotactl'],
  ...['swapon', 'swapoff', 'settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname'],
  ...[
    'setdomainname',
    'iopl',
    'ioperm',
    'nfsservctl',
    'lookup_dcookie',
    'name_to_handle_at',
    'open_by_handle_at',
  ],
  ...['process_vm_readv', 'process_vm_writev', 'ptrace', 'kcmp', 'fanotify_init', 'personality', 'vhangup'],
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'chroot', 'mknod', 'mknodat', 'syslog'],
]
/** AF_NETLINK, AF_PACKET, AF_KEY, AF_ALG, AF_VSOCK, AF_XDP. */
const DENIED_FAMILIES = [16, 17, 15, 38, 40, 44]
const EPERM = 1

const SECCOMP = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls: [
    { names: DENIED, action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
    ...DENIED_FAMILIES.map((value) => ({
      ...{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
    })),
  ],
}
