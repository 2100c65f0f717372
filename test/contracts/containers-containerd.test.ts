/** The contract of containers over Debian's containerd, by its own API. */
import { contractOfContainers } from './containers/contract.ts'
import { realContainerd } from './containers/real-containerd.ts'

contractOfContainers(realContainerd())
