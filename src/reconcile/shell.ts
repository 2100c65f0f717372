/**
 * Commands for a shell: words quoted where they need it, and the words in front of a command that make it happen in
 * another network namespace.
 */
import type { ContainerRef } from '../model/index.ts'

const PLAIN = /^[\w@%+=:,./-]+$/

/** One word, whatever is in it. */
export const quote = (word: string | number): string => {
  const text = String(word)
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The name that `ip netns` knows it by. */
const netnsName = (container: ContainerRef | undefined): string | undefined => {
  if (container?.kind !== 'netns') return undefined
  const name = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(container.path)?.[1]
  return name === '.' || name === '..' ? undefined : name
}

/** A command of iproute2 (`ip`, `bridge`), which enters named namespaces by itself. */
export const iproute = (
  tool: 'ip' | 'bridge',
  container: ContainerRef | undefined,
  words: string,
): string => {
  const name = netnsName(container)
  if (name !== undefined) return `${tool} -n ${quote(name)} ${words}`
  return inNamespace(container, `${tool} ${words}`)
}

export const inNamespace = (container: ContainerRef | undefined, command: string): string => {
  if (container === undefined) return command
  const name = netnsName(container)
  if (name !== undefined) return `ip netns exec ${quote(name)} ${command}`
  if (container.kind === 'netns') return `nsenter --net=${quote(container.path)} ${command}`
  return `nsenter -t ${processOf(container)} -n ${command}`
}

/** What `ip link … netns` takes: a name, a path, or a process in it. PID 1 is in the node's own. */
export const netnsWord = (container: ContainerRef | undefined): string => {
  if (container === undefined) return '1'
  if (container.kind === 'netns') return quote(netnsName(container) ?? container.path)
  return processOf(container)
}

const GO_TEMPLATE = `-o go-template --template '{{.info.pid}}'`

/** A process inside, or the command that finds one. */
const processOf = (container: Exclude<ContainerRef, { readonly kind: 'netns' }>): string => {
  switch (container.kind) {
    case 'pid':
      return String(container.pid)
    case 'docker':
    case 'podman':
      return `"$(${container.kind} inspect -f '{{.State.Pid}}' ${quote(container.name)})"`
    case 'containerd': {
      const { namespace, id } = container
      return `"$(ctr -n ${quote(namespace)} tasks list | awk -v id=${quote(id)} '$1 == id { print $2 }')"`
    }
    case 'cri':
      return `"$(crictl inspect ${GO_TEMPLATE} ${quote(container.id)})"`
    case 'pod': {
      const { namespace, name } = container
      const find = `crictl pods -q --state ready --namespace ${quote(namespace)} --name ${quote(`^${name}$`)}`
      return `"$(crictl inspectp ${GO_TEMPLATE} "$(${find})")"`
    }
  }
}
