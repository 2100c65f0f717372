/** The contract of containers over Debian's containerd: by its own API, and as a node of Kubernetes has it. */
import { contractOfContainers } from './containers/contract.ts'
import { realContainerd } from './containers/real-containerd.ts'
import { realCri } from './containers/real-cri.ts'

contractOfContainers(realContainerd())
contractOfContainers(realCri('pod'))
contractOfContainers(realCri('cri'))
