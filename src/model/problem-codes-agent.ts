/** Problems that an agent finds with its source, with its local bounds and with its own host. */
export const AGENT_PROBLEMS = {
  SourceUnreadable: {
    means: 'A folder or a file of plans cannot be read.',
    remedy: 'Check that it exists and that the agent may read it. What runs keeps running.',
  },
  SourceEmpty: {
    means: 'There is no plan in the folder.',
    remedy: 'Push one with `warren push`, or put a file there.',
  },
  SourceVanished: {
    means: 'A plan that was there before is gone. What it made keeps running.',
    remedy: 'Put it back; to remove its network, write a plan without it or with a comment only.',
  },
  FileEmpty: {
    means: 'A file of plans has no content, as if it were being written.',
    remedy: 'Write it again; a plan that wants nothing has at least a comment.',
  },
  FileChanging: {
    means: 'A file kept changing while it was read.',
    remedy: 'Write it under another name and rename it.',
  },
  InvalidBounds: {
    means: 'The local bounds in /etc/warren/agent.yaml are malformed. Nothing is applied.',
    remedy: 'Correct the field named, or remove the file to use the defaults.',
  },
  OutOfBounds: {
    means: 'An object asks for more than the local bounds in /etc/warren/agent.yaml allow.',
    remedy: 'Change the object, or widen the bounds on that machine.',
  },
  PeerKeyChanged: {
    means: 'Peer keys are pinned on this machine, and the plan names another key for a known peer.',
    remedy: 'If the peer really made a new key, remove its line from pins.json in the state folder.',
  },
  NodeNotInPlan: {
    means: 'No plan names this node. What runs keeps running.',
    remedy: 'Check --node, and that the plan lists it.',
  },
  NotAllocated: {
    means: 'The plan needs an address, port or name that its lock does not have. Agents never allocate.',
    remedy: 'Run `warren plan --write` or `warren push` where the plan is kept.',
  },
  KeyMismatch: {
    means: 'The lock has another public key for this node than the node itself.',
    remedy: 'Run `warren keys --accept-new-keys` if the node was set up anew, and push again.',
  },
  KeyUnresolved: {
    means: 'A key that an object refers to is missing or malformed.',
    remedy: 'Add the Secret with 32 bytes, or their base64 text, in the namespace of the object.',
  },
  LinkNotOurs: {
    means: 'A link with the wanted name exists, differs, and was not made by Warren.',
    remedy: 'Hand it over with `ip link property add dev NAME altname warren-NAME`, or use another name.',
  },
  WouldCutOff: {
    means:
      'The new plan could cut this machine off from where its plans come from, or from an address in `keepReachable`. Nothing of it was applied.',
    remedy:
      'Push it with confirmation, which is the default of `warren push`: it comes back by itself unless the machine is reached again. On the machine: `warren agent --once --confirm-within 60s`.',
  },
  PlanTakenBack: {
    means:
      'This plan was in force for a time, was not confirmed, and was taken back. The one before it runs.',
    remedy: 'Change it, or push it again; `warren node status` says why it was taken back.',
  },
  LockoutRisk: {
    means:
      'A route of the plan may take away the way to the machine itself: it covers the endpoint of its own tunnel, or is a default route without a mark. A warning.',
    remedy:
      'Have another way into the machine at hand, or use narrower prefixes. With a longer route to the endpoint nothing happens.',
  },
  ContainerMissing: {
    means: 'There is no container of this name now. Its links are made as soon as it is there. A warning.',
    remedy: 'Start the container, or correct its name in `container`.',
  },
  ContainerUnknown: {
    means:
      'Whether the container is there could not be found out, or its network namespace is not one to work in. A warning.',
    remedy:
      'Read the message: the socket of its runtime may be closed to the agent, or the runtime not running.',
  },
  ParentMissing: {
    means: 'The link that another one lies on is neither there nor about to be made. A warning.',
    remedy: 'Declare it or make it; what lies on it follows by itself.',
  },
  PortMissing: {
    means: 'A port of a bridge is not there. Everything else of the bridge is as wanted. A warning.',
    remedy: 'Declare the port or make it; it is taken in as soon as it is there.',
  },
  MasterMissing: {
    means:
      'The bridge or VRF that a link is to belong to is not there. The link itself is as wanted. A warning.',
    remedy: 'Declare it or make it; the link joins as soon as it is there.',
  },
  ReplaceNeeded: {
    means: 'A setting differs that the kernel cannot change on a link that is there. A warning.',
    remedy: 'Write `replacePolicy: DeleteAndCreate` to have the link made anew, or put the setting back.',
  },
  PathMtuSmall: {
    means:
      'A path to a peer carries less than the plan’s MTU; its interface or its routes have what it carries. A warning.',
    remedy: 'Nothing has to be done. Write the smaller `mtu` into the plan to have it from the start.',
  },
  PathMtuBelowIpv6: {
    means:
      'A path carries so little that packets of 1280 bytes, the least that IPv6 needs, are fragmented around the tunnel. A warning.',
    remedy: 'Find the link with the small MTU on the way, or keep the tunnel to IPv4.',
  },
  ForwardingConsent: {
    means: 'Relaying IPv6 on this kernel makes the whole host forward, which needs consent.',
    remedy: 'Write `allowIPv6Forwarding: true` into /etc/warren/agent.yaml, or use Linux 6.17 or newer.',
  },
  EndpointUnresolved: {
    means: 'The name of a peer’s endpoint does not resolve at the moment.',
    remedy: 'Check DNS; the agent keeps trying.',
  },
  ApplyFailed: {
    means: 'The system refused a change. It is tried again, later and later.',
    remedy: 'Read the message: it names the change and the refusal.',
  },
  DidNotConverge: {
    means: 'The same changes came back ten times in a row: something else undoes them.',
    remedy: 'Find what else manages this interface, and stop one of the two.',
  },
} as const
