/** Which pattern each end of a conversation with the kernel sends. */
export const OUR_SALT = 3
export const KERNEL_SALT = 5
