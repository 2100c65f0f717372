/**
 * `struct virtio_net_hdr` (<linux/virtio_net.h>): what goes before each packet of a TUN with IFF_VNET_HDR, ten bytes
 * in the machine's (little-endian) order. With it a packet may be up to 64 KiB long, to be cut by the reader.
 *
 *   0 flags   1 gso type   2 header length (a hint)   4 gso size   6 checksum start   8 checksum offset
 */
export const VNET_HEADER_BYTES = 10
export const VNET_GSO_TYPE = 1
export const VNET_HEADER_LENGTH = 2
export const VNET_GSO_SIZE = 4
export const VNET_CSUM_START = 6
export const VNET_CSUM_OFFSET = 8

/** The checksum field holds the sum of the pseudo header; the rest of the sum is still to be added. */
export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1

export const VIRTIO_NET_HDR_GSO_NONE = 0
export const VIRTIO_NET_HDR_GSO_TCPV4 = 1
export const VIRTIO_NET_HDR_GSO_TCPV6 = 4
export const VIRTIO_NET_HDR_GSO_UDP_L4 = 5
/** Or'ed to a TCP type: the first segment keeps CWR. */
export const VIRTIO_NET_HDR_GSO_ECN = 0x80
