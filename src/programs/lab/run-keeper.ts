/**
 * The keeper inside a lab's namespaces: takes one order over its channel, does it, and holds the lab until it is
 * told to go or, unless the order says to stay, until whoever gave the order is gone.
 */
import {
  demonstrate,
  type DemonstrationEvent,
  type DemonstrationOrder,
  holdLab,
  type HoldOrder,
} from '../../lab/index.ts'
import { loadSyscalls } from '../../linux/index.ts'

export type KeeperOrder =
  | { readonly kind: 'demonstrate'; readonly order: DemonstrationOrder }
  | { readonly kind: 'hold'; readonly order: HoldOrder }

export async function runKeeper(): Promise<void> {
  const order = await new Promise<KeeperOrder>((resolve) =>
    process.once('message', (m) => resolve(m as KeeperOrder)),
  )
  const stays = order.kind === 'hold'
  process.on('disconnect', () => {
    if (!stays) process.exit(0)
  })
  // Nothing else keeps this process: the lab is to live until it is killed or let go.
  setInterval(() => {}, 1 << 30)
  try {
    await obey(order)
  } catch (error) {
    emit({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
  }
  await new Promise(() => {})
}

async function obey(order: KeeperOrder): Promise<void> {
  if (order.kind === 'demonstrate') {
    const result = await demonstrate({ sys: loadSyscalls(), order: order.order, emit })
    emit({ kind: 'done', result })
    return
  }
  await holdLab({ sys: loadSyscalls(), order: order.order, emit })
}

function emit(event: DemonstrationEvent): void {
  if (process.connected) process.send?.(event)
}
