/**
 * From the text of a namespace back to what it names: a namespace in which nothing is wanted any more is known by
 * its text alone, and steps that clean it name it in full.
 */
import type { ContainerRef, NetnsName } from '../model/index.ts'

/** The inverse of `netnsNameOf`; undefined for the node's own and for what is no such text. */
export const containerOf = (netns: NetnsName): ContainerRef | undefined => {
  const colon = netns.indexOf(':')
  const [kind, rest] = [netns.slice(0, Math.max(colon, 0)), netns.slice(colon + 1)]
  switch (kind) {
    case 'docker':
    case 'podman':
      return { kind, name: rest }
    case 'cri':
      return { kind, id: rest }
    case 'pid':
      return { kind, pid: Number(rest) }
    case 'netns':
      return { kind, path: rest }
    case 'containerd':
    case 'pod': {
      const slash = rest.indexOf('/')
      const [namespace, name] = [rest.slice(0, slash), rest.slice(slash + 1)]
      return kind === 'pod' ? { kind, namespace, name } : { kind, namespace, id: name }
    }
    default:
      return undefined
  }
}
