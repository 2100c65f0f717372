/** Containers of this machine, loaded when the first one is asked about: most nodes have none in their plan. */
import type { ContainerResolver } from '../../containers/index.ts'
import type { ContainerRef } from '../../model/index.ts'
import type { Closeable } from '../clock.ts'

export const lazyContainers = (): ContainerResolver => {
  let opening: Promise<ContainerResolver> | undefined
  let opened: ContainerResolver | undefined
  let closed = false
  const watchers = new Map<(ref: ContainerRef) => void, Closeable | undefined>()
  const open = async (): Promise<ContainerResolver> => {
    const { openContainers } = await import('../../containers/index.ts')
    opened = openContainers()
    if (closed) opened.close()
    else for (const watcher of watchers.keys()) watchers.set(watcher, opened.watch(watcher))
    return opened
  }
  return {
    resolve: async (ref, options) => await (await (opening ??= open())).resolve(ref, options),
    watch: (onChange) => {
      // A function of its own, so that the same one can watch twice.
      const watcher = (ref: ContainerRef): void => onChange(ref)
      watchers.set(watcher, opened?.watch(watcher))
      return {
        close: () => {
          watchers.get(watcher)?.close()
          watchers.delete(watcher)
        },
      }
    },
    close: () => {
      closed = true
      watchers.clear()
      opened?.close()
    },
  }
}
