/** The contract of containers over Debian's docker. */
import { contractOfContainers } from './containers/contract.ts'
import { realDocker } from './containers/real-engine.ts'

contractOfContainers(realDocker())
