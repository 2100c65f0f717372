/** The contract of containers over Debian's podman. */
import { contractOfContainers } from './containers/contract.ts'
import { realPodman } from './containers/real-engine.ts'

contractOfContainers(realPodman())
