/** Containers of this host, by what docker, podman, containerd, CRI, Kubernetes or the kernel calls them. */
export { openContainers } from './open-containers.ts'
export type { ContainersOptions } from './open-containers.ts'
export type * from './resolver.ts'
