/** Something that holds a descriptor or a callback until it is closed. Closing twice is allowed. */
export interface Closeable {
  close(): void
}
