/** The contract of containers over CRI, as Debian's containerd serves it on a node of Kubernetes. */
import { contractOfContainers } from './containers/contract.ts'
import { realCri } from './containers/real-cri.ts'

contractOfContainers(realCri('pod'))
contractOfContainers(realCri('cri'))
