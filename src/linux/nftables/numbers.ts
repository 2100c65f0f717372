/** Numbers of <linux/netfilter/nf_tables.h>, <linux/netfilter/nfnetlink.h> and <linux/netfilter.h>, by the kernel's names. */

export const NFNL_SUBSYS_NFTABLES = 10
export const NFNL_MSG_BATCH_BEGIN = 0x10
export const NFNL_MSG_BATCH_END = 0x11

export const NFPROTO_INET = 1
export const NFPROTO_IPV4 = 2
export const NFPROTO_IPV6 = 10

export const NFT_MSG_NEWTABLE = 0
export const NFT_MSG_GETTABLE = 1
export const NFT_MSG_DELTABLE = 2
export const NFT_MSG_NEWCHAIN = 3
export const NFT_MSG_GETCHAIN = 4
export const NFT_MSG_NEWRULE = 6
export const NFT_MSG_GETRULE = 7
export const NFT_MSG_DELRULE = 8
export const NFT_MSG_NEWSET = 9
export const NFT_MSG_GETSET = 10
export const NFT_MSG_NEWSETELEM = 12
export const NFT_MSG_GETSETELEM = 13

export const NFTA_TABLE_NAME = 1

export const NFTA_CHAIN_TABLE = 1
export const NFTA_CHAIN_NAME = 3
export const NFTA_CHAIN_HOOK = 4
export const NFTA_CHAIN_POLICY = 5
export const NFTA_CHAIN_TYPE = 7
export const NFTA_HOOK_HOOKNUM = 1
export const NFTA_HOOK_PRIORITY = 2

export const NFTA_RULE_TABLE = 1
export const NFTA_RULE_CHAIN = 2
export const NFTA_RULE_HANDLE = 3
export const NFTA_RULE_EXPRESSIONS = 4
export const NFTA_LIST_ELEM = 1
export const NFTA_EXPR_NAME = 1
export const NFTA_EXPR_DATA = 2

export const NFTA_SET_TABLE = 1
export const NFTA_SET_NAME = 2
export const NFTA_SET_FLAGS = 3
export const NFTA_SET_KEY_TYPE = 4
export const NFTA_SET_KEY_LEN = 5
export const NFTA_SET_DATA_TYPE = 6
export const NFTA_SET_DATA_LEN = 7
export const NFTA_SET_DESC = 9
export const NFTA_SET_ID = 10
export const NFTA_SET_DESC_SIZE = 1
export const NFT_SET_MAP = 0x8
export const NFT_SET_TIMEOUT = 0x10
export const NFT_SET_EVAL = 0x20

export const NFTA_SET_ELEM_LIST_TABLE = 1
export const NFTA_SET_ELEM_LIST_SET = 2
export const NFTA_SET_ELEM_LIST_ELEMENTS = 3
export const NFTA_SET_ELEM_KEY = 1
export const NFTA_SET_ELEM_DATA = 2
export const NFTA_DATA_VALUE = 1
export const NFTA_DATA_VERDICT = 2
export const NFTA_VERDICT_CODE = 1

export const NF_DROP = 0
export const NF_ACCEPT = 1

export const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const

export const NFT_REG_VERDICT = 0
/** Sixteen 4-byte registers, 8 to 23. A value longer than 4 bytes takes the following ones too. */
export const NFT_REG32_00 = 8

export const NFT_CMP_EQ = 0
export const NFT_CMP_NEQ = 1
export const NFT_CMP_LT = 2
export const NFT_META_IIFNAME = 6
export const NFT_META_OIFNAME = 7
export const NFT_META_NFPROTO = 15
export const NFT_META_L4PROTO = 16
export const NFT_CT_STATE = 0
export const NFT_CT_STATUS = 2
export const NFT_CT_PROTO_DST = 12
export const NFT_PAYLOAD_NETWORK_HEADER = 1
export const NFT_PAYLOAD_TRANSPORT_HEADER = 2
export const NFT_LOOKUP_F_INV = 1
export const NFT_DYNSET_OP_ADD = 0
export const NFT_DYNSET_OP_UPDATE = 1
export const NFT_NAT_SNAT = 0
export const NFT_NAT_DNAT = 1
export const NFT_NG_RANDOM = 1
export const NFT_BYTEORDER_HTON = 1

/** Conntrack states and status bits as `ct` expressions load them, in the host's byte order. */
export const CT_ESTABLISHED = 2
export const CT_RELATED = 4
export const IPS_DST_NAT = 1 << 5
/** Userspace's own names for set keys (libnftables); the kernel only hands them back to whoever lists. */
export const TYPE_IPV4 = 7
export const TYPE_IPV6 = 8
export const TYPE_PORT = 13

export const NFTA_COUNTER_PACKETS = 2
export const FAMILIES = { inet: NFPROTO_INET, ip: NFPROTO_IPV4 } as const
