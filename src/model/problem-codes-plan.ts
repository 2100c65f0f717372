/** Problems of objects and allocations taken together, found by the planner. */
export const PLAN_PROBLEMS = {
  DuplicateObject: {
    means: 'Two documents have the same kind, namespace and name.',
    remedy: 'Remove one, or give it another name.',
  },
  DuplicateNode: {
    means: 'A node is named twice in one place.',
    remedy: 'Remove one of the two, or rename it.',
  },
  DuplicateLink: { means: 'Two links of a plan have the same name.', remedy: 'Rename one.' },
  DuplicateAddress: { means: 'Two nodes have the same address.', remedy: 'Give each its own.' },
  DuplicateKey: {
    means:
      'Two nodes, or two peers of an interface, have the same public key; often one machine is a copy of the other.',
    remedy: 'Let each node make its own key.',
  },
  UnknownNode: {
    means: 'A name is used that no node of the plan has.',
    remedy: 'Add the node, or correct the name.',
  },
  UnknownNetwork: {
    means: 'A WireGuardPeer names a network for which there is no plan in its namespace.',
    remedy: 'Add the WireGuardNetworkPlan, or correct the name.',
  },
  TooManyNodes: {
    means: 'A network has more than 65,536 nodes.',
    remedy: 'Correct the range of the node group, or use several networks.',
  },
  TopologyConflict: {
    means:
      'A field is given that means nothing in the topology of the plan, or one that it needs is not given.',
    remedy: 'Remove the field, or choose another topology.',
  },
  NoCidr: {
    means: 'Nodes need addresses, and there is no CIDR to allocate them from.',
    remedy: 'Add a CIDR, or write every address.',
  },
  OverlappingCidrs: {
    means: 'Two CIDRs of one network overlap, or those of two networks that share a node.',
    remedy: 'Choose others, so that every address belongs to one network.',
  },
  CidrExhausted: {
    means: 'A CIDR has fewer addresses than the network has nodes.',
    remedy: 'Use a shorter prefix.',
  },
  AddressOutsideCidr: {
    means: 'An address without a length is in none of the network’s CIDRs.',
    remedy: 'Correct it, add its CIDR, or write it with a length.',
  },
  AddressReserved: {
    means: 'An address is the network or broadcast address of its CIDR.',
    remedy: 'Choose another.',
  },
  SamePrefix: {
    means:
      'The same prefix stands at two peers of one interface, where WireGuard would silently keep it at one of them; or at two links of a node that make routes in one table.',
    remedy: 'Keep one, or split the prefix: nested prefixes are fine, the longest wins.',
  },
  DefaultRouteNotAsked: {
    means: 'An allowed network is the whole internet, for every node.',
    remedy: 'Write `defaultRoute` at the nodes that want it.',
  },
  DefaultRouteInMain: {
    means:
      'A link may carry the whole internet, and its routes are to go into the table main, where they would take the place of the node’s own default route.',
    remedy:
      'Write narrower `allowedIPs`, `table: off` (no routes), or the number of a table of its own, where the default route is made.',
  },
  DefaultRouteNotDirect: {
    means: 'The node that a default route goes through is not a direct peer.',
    remedy: 'Name a hub, or a direct peer in a mesh.',
  },
  DuplicateEndpoint: {
    means: 'Two nodes have the same endpoint, as when two machines behind one router forward the same port.',
    remedy: 'Give each its own address or port.',
  },
  SeveralDefaultRoutes: {
    means: 'A node is to send everything through two networks at once.',
    remedy: 'Ask for one default route per node.',
  },
  EndpointInTunnel: {
    means: 'An endpoint is an address inside the tunnel that is to be reached through it.',
    remedy: 'Write the address that the node has outside of the tunnel.',
  },
  EndpointPortAmbiguous: {
    means: 'A node has several links, each with its own port, and an endpoint that names one port.',
    remedy: 'Leave the port out, or write an endpoint at each end.',
  },
  HubWithoutEndpoint: {
    means: 'A hub or relay cannot be reached by a node that needs it.',
    remedy: 'Give it an endpoint, or choose another.',
  },
  SiteWithoutLocalEndpoint: {
    means:
      'Nodes share a site, but none of them says where it is on the LAN, so they talk through the hub. A warning.',
    remedy: 'Give one of them a localEndpoint, or leave the site out.',
  },
  NeverMeet: {
    means:
      'Two nodes are to be connected, neither can be reached by the other, and nobody carries their traffic.',
    remedy: 'Give one an endpoint, name a hub or relay, or put both in one site with a local endpoint.',
  },
  LinkEnds: {
    means: 'A link, or a preshared key, does not have exactly two different ends.',
    remedy: 'Name exactly two nodes.',
  },
  InterfaceNameClash: {
    means: 'Two interfaces of one node have the same name.',
    remedy: 'Name one of them differently.',
  },
  PortClash: {
    means: 'Two interfaces of one node listen on the same UDP port.',
    remedy: 'Choose another port for one.',
  },
  PortRangeExhausted: {
    means: 'A node has more links than its port range has ports.',
    remedy: 'Widen the range.',
  },
  MtuTooSmall: {
    means: 'IPv6 needs an MTU of at least 1280 bytes.',
    remedy: 'Raise the MTU, or leave IPv6 out.',
  },
  SecretNotFound: {
    means: 'A key reference names a Secret or an entry that is not there.',
    remedy: 'Add it, or correct the reference.',
  },
  CrossNamespaceSecret: {
    means: 'A key reference leaves the namespace of its object.',
    remedy: 'Put the Secret beside the object that uses it.',
  },
  KeyPairMismatch: {
    means: 'The public key given does not belong to the private key given.',
    remedy: 'Leave the public key out; it follows from the private key.',
  },
  KeyConflict: {
    means: 'A node is given two different public keys.',
    remedy: 'Keep the one that the node itself has.',
  },
  LanUsesCidr: {
    means: 'A node’s own LAN uses addresses that the plan would send into the tunnel.',
    remedy: 'Choose another CIDR.',
  },
  LockContradiction: {
    means:
      'The lock holds an allocation that the plan does not allow: an address outside of the CIDRs, a port outside of the range, or one thing for two nodes.',
    remedy: 'Remove the entry from the lock; `warren plan --write` allocates it anew.',
  },
} as const
