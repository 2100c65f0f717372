/** What happened to packets outside the state machine, which counts its own drops. */
export const newCounters = () => ({
  /** Frames from the TUN that are no packet we can cut. */
  malformedFrames: 0,
  /** Packets to a destination that is no peer's. */
  unroutable: 0,
  /** Datagrams that the kernel would not send. */
  sendErrors: 0,
  /** Bursts that had to go one by one: no GSO towards that destination. */
  refusedBursts: 0,
  /** Packets that the TUN would not take: the link is down. */
  deliverErrors: 0,
  receiveErrors: 0,
  /** Handshake timestamps that could not be kept: the disk is full, or the folder is gone. */
  timestampErrors: 0,
})

export type Counters = ReturnType<typeof newCounters>
