/** The contract of containers over fakes on unix sockets; the real runtimes are in the files next to this one. */
import { contractOfContainers } from './containers/contract.ts'
import { fakeContainerd } from './containers/fake-containerd.ts'
import { fakeCri } from './containers/fake-cri.ts'
import { fakeEngine } from './containers/fake-engine.ts'

contractOfContainers(fakeEngine('docker'))
contractOfContainers(fakeEngine('podman'))
contractOfContainers(fakeContainerd)
for (const events of [true, false]) {
  contractOfContainers(fakeCri('cri', { events }))
  contractOfContainers(fakeCri('pod', { events }))
}
