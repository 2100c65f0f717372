/** The contract of containers over Debian's docker and podman. */
import { contractOfContainers } from './containers/contract.ts'
import { realDocker, realPodman } from './containers/real-engine.ts'

contractOfContainers(realDocker())
contractOfContainers(realPodman())
