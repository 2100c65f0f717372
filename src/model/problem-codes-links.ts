/** Problems of NetlinkInterfaces, alone and with what else a node has. */
export const LINK_PROBLEMS = {
  TypeMismatch: {
    means: 'A NetlinkInterface has a block of another type than its own.',
    remedy: 'Keep the block that is called like `type`.',
  },
  FieldConflict: {
    means: 'Two fields of one object contradict each other, or one means nothing beside the others.',
    remedy: 'Keep the one that is meant.',
  },
  VethEnds: {
    means: 'Both ends of a veth have one name in one namespace.',
    remedy: 'Give the peer another name, or put it into a container.',
  },
  LinkCycle: {
    means: 'A link lies on itself, or is a port of itself, by way of others.',
    remedy: 'Take one of the links named out of the circle.',
  },
  SeveralMasters: {
    means: 'A link is to be a port of two bridges or VRFs at once.',
    remedy: 'Keep one; `ports` of a bridge and `master` of the port say the same thing.',
  },
  CannotBePort: {
    means:
      'A link is to be a port of something that has none, or of a bridge while it carries no Ethernet (WireGuard, ipip, gre), or one bridge or VRF is to be a port of another of its kind.',
    remedy:
      'Name a bridge or a VRF as master. To bridge over a tunnel put a vxlan or a `gre` with `ethernet` on it.',
  },
  VxlanDestination: {
    means: 'A vxlan has a `group` that is no multicast group or has no link, or a `remote` that is a group.',
    remedy: 'Write one host as `remote`, and a group as `group` with the `link` to join it on.',
  },
  MixedFamilies: {
    means: 'Two addresses that belong together are of different families.',
    remedy: 'Use IPv4 for both, or IPv6.',
  },
  IndistinctLinks: {
    means:
      'The kernel could not tell two links apart: vxlans with one number and port, VLANs of one tag on one link, tunnels between the same ends with the same key.',
    remedy: 'Change what tells them apart, as the message says.',
  },
  VrfTableClash: {
    means: 'Two VRFs have one routing table, or a VRF has one that belongs to the whole namespace.',
    remedy: 'Give each VRF a table number of its own.',
  },
  MtuTooLarge: {
    means: 'Packets of a link would not fit into the link that it lies on.',
    remedy: 'Leave the MTU out, so that it follows; or use the number that the hint names.',
  },
  GatewayNotOnLink: {
    means:
      'The gateway of a route is in no prefix of its link, so the kernel may refuse the route. A warning.',
    remedy: 'Add an address of the gateway’s prefix, or a route to the gateway without `via`.',
  },
  ContainerAmbiguous: {
    means: 'A `container` says nothing, or names a container in two ways, which may be two containers.',
    remedy: 'Keep one of docker, podman, containerd, cri, pod, pid and netns.',
  },
} as const
