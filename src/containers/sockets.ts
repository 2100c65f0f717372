/**
 * Where the runtimes listen: what was asked for, else what their own tools would use (DOCKER_HOST, CONTAINER_HOST,
 * CONTAINERD_ADDRESS, CONTAINER_RUNTIME_ENDPOINT), else the usual place.
 */
import { existsSync } from 'node:fs'
import type { Speaker } from './failure.ts'

export interface ContainerSockets {
  readonly dockerSocket?: string
  readonly podmanSocket?: string
  readonly containerdSocket?: string
  readonly criSocket?: string
}

export type RuntimeName = 'docker' | 'podman' | 'containerd' | 'cri'

type Environment = Readonly<Record<string, string | undefined>>

/** Where kubelets find CRI; the first that exists. */
const CRI_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/cri-dockerd.sock',
]

/** `remote`: it is named by an address that is none of this host, so its containers are not either. */
export type Place = { readonly speaker: Speaker } | { readonly remote: string }

export const placeOf = (runtime: RuntimeName, sockets: ContainerSockets, env: Environment): Place => {
  const at = (said: string | undefined, usual: string, speaker: Omit<Speaker, 'socketPath'>): Place => {
    const socketPath = said === undefined || said === '' ? usual : localPath(said)
    return socketPath === undefined ? { remote: said ?? '' } : { speaker: { ...speaker, socketPath } }
  }
  switch (runtime) {
    case 'docker':
      return at(sockets.dockerSocket ?? env['DOCKER_HOST'], '/run/docker.sock', {
        name: 'docker',
        hint: 'is docker running on this host? DOCKER_HOST=unix:///… names another socket',
      })
    case 'podman':
      return at(sockets.podmanSocket ?? env['CONTAINER_HOST'], '/run/podman/podman.sock', {
        name: 'podman',
        hint: 'podman answers only through its service: systemctl enable --now podman.socket',
      })
    case 'containerd':
      return at(sockets.containerdSocket ?? env['CONTAINERD_ADDRESS'], '/run/containerd/containerd.sock', {
        name: 'containerd',
        hint: 'is containerd running on this host? CONTAINERD_ADDRESS names another socket',
      })
    case 'cri':
      return at(sockets.criSocket ?? env['CONTAINER_RUNTIME_ENDPOINT'], usualCri(), {
        name: 'the runtime of Kubernetes (CRI)',
        hint: 'is this a node of Kubernetes? CONTAINER_RUNTIME_ENDPOINT=unix:///… names another socket',
      })
  }
}

const usualCri = (): string =>
  CRI_SOCKETS.find((path) => existsSync(path)) ?? '/run/containerd/containerd.sock'

/** `unix:///run/docker.sock` and `/run/docker.sock`; undefined: not a socket of this host. */
const localPath = (text: string): string | undefined => {
  const path = text.replace(/^unix:\/\//, '')
  return path.startsWith('/') ? path : undefined
}
