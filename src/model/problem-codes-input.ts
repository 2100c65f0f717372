/** Problems of a text or of one field, found before anything is planned. */
export const INPUT_PROBLEMS = {
  InvalidYaml: {
    means:
      'The text is not YAML, or uses what Warren does not accept: NUL bytes, repeated keys, aliases that expand without end.',
    remedy: 'Correct the text at the line and column given.',
  },
  FileTooLarge: {
    means: 'The text is larger than 16 MiB, or has more than 400,000 items.',
    remedy: 'Split it over several files, or check that it is the file you meant.',
  },
  TooManyProblems: {
    means: 'There are more problems than are worth printing.',
    remedy: 'Correct those shown, then look again.',
  },
  NoObjects: {
    means: 'The files hold no object at all.',
    remedy: 'Check that they are the files you meant, and that what wrote them did not fail.',
  },
  UnknownKind: {
    means: 'The document has an apiVersion and kind that Warren does not know.',
    remedy: 'Use one of the kinds in docs/reference/kinds.md.',
  },
  UnknownField: {
    means: 'The object has a field that its kind does not have.',
    remedy: 'Correct the name, or remove the field.',
  },
  MissingField: { means: 'A field that is needed is not there.', remedy: 'Add it.' },
  WrongType: {
    means: 'A field has a value of another type than it takes.',
    remedy: 'Write a value of the type named.',
  },
  InvalidValue: {
    means: 'A value is outside of what its field accepts.',
    remedy: 'Write one of the values named.',
  },
  InvalidName: {
    means: 'A name is not an RFC 1123 subdomain.',
    remedy: 'Use lower-case letters, digits, "-" and ".".',
  },
  InvalidInterfaceName: {
    means:
      'The kernel would refuse this as the name of a link, or it would mean something else to the kernel or to a shell.',
    remedy:
      'Use 1 to 15 letters, digits and "_=+.@-", not beginning with "-", and neither "all" nor "default".',
  },
  InvalidCidr: {
    means: 'A network prefix is malformed.',
    remedy: 'Write it as 10.0.0.0/24 or fd00:10::/64.',
  },
  HostBitsSet: {
    means:
      'A network prefix has bits set behind its length: 10.0.0.1/24 is a host in a network, not a network.',
    remedy: 'Write the network itself, as the hint says.',
  },
  InvalidAddress: { means: 'An address is malformed.', remedy: 'Write it as 10.0.0.7 or fd00:10::7.' },
  InvalidHardwareAddress: {
    means: 'A hardware address is malformed, or that of a group.',
    remedy: 'Write six octets as 02:00:5e:10:00:01, the first of them even.',
  },
  InvalidEndpoint: { means: 'An endpoint is malformed.', remedy: 'Write it as host:port, IPv6 in brackets.' },
  InvalidKey: {
    means: 'A key is empty or is not 32 bytes in base64.',
    remedy: 'Use the 44 characters that `wg genkey` or `wg pubkey` prints.',
  },
  InvalidAllocations: {
    means: 'The lock file is malformed.',
    remedy:
      'Restore it from version control, or remove the entry and let `warren plan --write` allocate it anew.',
  },
  UnreadableFile: {
    means: 'A file named on the command line cannot be read, or it changed while it was read.',
    remedy: 'Check its name and its permissions; when it was being written, run the command again.',
  },
  UnwritableFile: {
    means: 'A file or folder named on the command line cannot be written.',
    remedy: 'Check its name, its permissions and what is there already.',
  },
  InvalidWireGuardConfig: {
    means: 'A wg-quick or wg configuration file is malformed.',
    remedy: 'Correct the line named; wg-quick(8) and wg(8) describe the format.',
  },
  IgnoredSetting: {
    means: 'A wg-quick file has a line that is about a link, and a tunnel inside a process has none.',
    remedy: 'Nothing needs to be done; take the line out if the file is for this only.',
  },
  InvalidArgument: {
    means: 'An argument of a command does not fit the plan it is about.',
    remedy: 'Use one of the values named.',
  },
  PinnedKeyDiffers: {
    means: 'A node has another public key than the lock remembers.',
    remedy:
      'If the node was set up anew, accept the new key with `warren keys --accept-new-keys`; if not, find out why.',
  },
} as const
