/** Codes of model/flow, model/verdict, classify/tables, rules/view, pods: a test holds each against its origin. */
export const PRESENT_INTERFACE_ID: u32 = 0x1;
export const PRESENT_SRC_PORT: u32 = 0x8;
export const PRESENT_DST_PORT: u32 = 0x10;
export const PRESENT_PROTOCOL: u32 = 0x20;
export const PRESENT_PACKETS: u32 = 0x40;
export const PRESENT_BYTES: u32 = 0x80;
export const PRESENT_START: u32 = 0x100;
export const PRESENT_END: u32 = 0x200;
export const PRESENT_ACTION: u32 = 0x400;
export const PRESENT_TCP_FLAGS: u32 = 0x2000;
export const PRESENT_FLOW_DIRECTION: u32 = 0x4000;

export const V6_PER_ROW: u32 = 16;

export const ACTION_NULL: u32 = 0;
export const ACTION_ACCEPT: u32 = 1;
export const ACTION_REJECT: u32 = 2;

export const REJECT_REASON_BPA: u32 = 1;
export const REJECT_REASON_EC: u32 = 2;

export const DIRECTION_UNKNOWN: u32 = 0;
export const DIRECTION_INGRESS: u32 = 1;
export const DIRECTION_EGRESS: u32 = 2;

export const ROLE_UNKNOWN: u32 = 0;
export const ROLE_REQUEST: u32 = 1;
export const ROLE_REPLY: u32 = 2;

export const ROLE_BASIS_NONE: u32 = 0;
export const ROLE_BASIS_FLAGS: u32 = 1;
export const ROLE_BASIS_LISTENER: u32 = 2;
export const ROLE_BASIS_PAIR: u32 = 3;
export const ROLE_BASIS_REJECT: u32 = 4;
export const ROLE_BASIS_PORT: u32 = 5;
export const ROLE_BASIS_POLICY: u32 = 6;

export const KIND_UNKNOWN: u32 = 0;
export const KIND_POD: u32 = 1;
export const KIND_NODE: u32 = 2;
export const KIND_LOAD_BALANCER: u32 = 3;
export const KIND_NAT_GATEWAY: u32 = 4;
export const KIND_AWS_SERVICE: u32 = 9;
export const KIND_EXTERNAL: u32 = 10;

export const ATTRIBUTION_NONE: u32 = 0;
export const ATTRIBUTION_EXACT: u32 = 1;
export const ATTRIBUTION_INFERRED: u32 = 2;
export const ATTRIBUTION_CANDIDATES: u32 = 3;

export const EFFECTIVE_NONE: u32 = 0;
export const EFFECTIVE_RECORD: u32 = 1;
export const EFFECTIVE_PACKET: u32 = 2;
export const EFFECTIVE_PAIRED: u32 = 3;

export const VERDICT_NONE: u32 = 0;
export const VERDICT_ALLOW: u32 = 1;
export const VERDICT_DENY: u32 = 2;
export const VERDICT_UNKNOWN: u32 = 3;
export const VERDICT_EXEMPT: u32 = 4;

export const ROUTE_KIND_NULL: u32 = 0;
export const ROUTE_KIND_NONE: u32 = 1;
export const ROUTE_KIND_LOCAL: u32 = 2;
export const ROUTE_KIND_IGW: u32 = 3;
export const ROUTE_KIND_NAT: u32 = 4;
export const ROUTE_KIND_TGW: u32 = 5;
export const ROUTE_KIND_PCX: u32 = 6;
export const ROUTE_KIND_VPCE: u32 = 7;
export const ROUTE_KIND_VGW: u32 = 8;
export const ROUTE_KIND_EIGW: u32 = 9;
export const ROUTE_KIND_ENI: u32 = 10;
export const ROUTE_KIND_CAGW: u32 = 11;
export const ROUTE_KIND_UNKNOWN: u32 = 17;

export const DRIFT_UNDETERMINED: u32 = 0;
export const DRIFT_AGREE: u32 = 1;
export const DRIFT_UNEXPECTED_ACCEPT: u32 = 2;
export const DRIFT_UNEXPECTED_REJECT: u32 = 3;

export const DRIFT_CAUSE_NULL: u32 = 0;
export const DRIFT_CAUSE_MISSING_KNOWLEDGE: u32 = 1;
export const DRIFT_CAUSE_ROLE_UNKNOWN: u32 = 2;
export const DRIFT_CAUSE_EXEMPT: u32 = 3;
export const DRIFT_CAUSE_NO_ACTION: u32 = 4;
export const DRIFT_CAUSE_BPA: u32 = 9;
export const DRIFT_CAUSE_EC: u32 = 10;

export const PATH_UNKNOWN: u32 = 0;
export const PATH_SAME_NODE: u32 = 1;
export const PATH_SAME_AZ: u32 = 2;
export const PATH_CROSS_AZ: u32 = 3;
export const PATH_INTERNET: u32 = 4;
export const PATH_NAT: u32 = 5;
export const PATH_TGW: u32 = 6;
export const PATH_PEERING: u32 = 7;
export const PATH_VPC_ENDPOINT: u32 = 8;
export const PATH_VPN: u32 = 9;
export const PATH_OVERLAY: u32 = 10;

export const NO_RULE: i32 = -1;
export const NO_ROUTER: i32 = -2;
export const NO_SERVICE: i32 = -1;

export const NO_ADDRESS: i32 = -1;
export const OWN_ADDRESS: i32 = -2;

export const HIDDEN_SRC: u32 = 1;
export const HIDDEN_DST: u32 = 2;

export const CLASS_FLAG_INSIDE: u32 = 1;
export const CLASS_FLAG_EXEMPT: u32 = 2;
export const CLASS_FLAG_RESOLVER: u32 = 4;

export const SETS_STRIDE: u32 = 8;
export const ENI_SET_SG_INGRESS: u32 = 0;
export const ENI_SET_SG_EGRESS: u32 = 1;
export const ENI_SET_NACL_INGRESS: u32 = 2;
export const ENI_SET_NACL_EGRESS: u32 = 3;
export const ENI_SET_ROUTE_TABLE: u32 = 4;
export const ENI_SET_LOCAL_ROUTE4: u32 = 5;
export const ENI_SET_LOCAL_ROUTE6: u32 = 6;
export const INTERFACE_STRIDE: u32 = 16;
/** Rows of an interface that is not in the inventory have VPC_FIRST − the number of its VPC, −1 = not known either. */
export const VPC_FIRST: i32 = -2;
export const ENI_SUBNET: u32 = 0;
export const ENI_VPC: u32 = 1;
export const ENI_ZONE: u32 = 2;
export const ENI_PRIMARY4: u32 = 3;
export const ENI_SUBNET_BASE4: u32 = 4;
export const ENI_SUBNET_MASK4: u32 = 5;
export const ENI_KIND: u32 = 6;
export const ENI_HAS_SECONDARY: u32 = 7;
export const ENI_NODE: u32 = 8;
export const INTERFACE_PRIMARY_ENTRY: u32 = 9;
export const INTERFACE_POD_VPC: u32 = 10;
export const INTERFACE_FACTS: u32 = 11;
export const INTERFACE_COVER_FIRST: u32 = 12;
export const INTERFACE_COVER_END: u32 = 13;
export const INTERFACE_NUMBER: u32 = 14;
export const SUBNET6_STRIDE: u32 = 8;
export const NO_SET: i32 = -1;
export const UNKNOWN_SET: i32 = -2;

export const UDP_OFFSET: u32 = 65_536;
export const PROTOCOL_OFFSET: u32 = 131_072;
export const SOME_TCP_PORT: u32 = 131_328;
export const SOME_UDP_PORT: u32 = 131_329;
export const SOME_PROTOCOL: u32 = 131_330;

export const INTERFACE_FACT_TRANSIT_IN_SUBNET: u32 = 1;

export const ENTRY_STRIDE: u32 = 8;
export const ENTRY_SPACE: u32 = 4;
export const ENTRY_REACH: u32 = 5;
export const ENTRY_FIRST: u32 = 6;
export const ENTRY_COUNT: u32 = 7;
export const LENGTH_UNIT: u32 = 16_777_216;
export const INTERVAL_START: u32 = 0;
export const INTERVAL_POD: u32 = 1;
export const INTERVAL_SOFT: u32 = 2;
export const INTERVAL_STRIDE: u32 = 3;
export const IPV4_ENTRY: u32 = 255;
export const FOREVER: u32 = 0xffff_ffff;
export const SOFT_OPEN: u32 = 0xffff;

export const TWIN_ADDRESSES_MAX: u32 = 4;
export const TWIN_WINDOW_SECONDS: u32 = 3600;
export const UNASKED: u32 = 255;

export const ASKED_HIDDEN: u32 = 0;
export const ASKED_ROLELESS: u32 = 1;
export const ASKED_UNASKED: u32 = 2;
export const ASKED_EVIDENCE: u32 = 3;
export const ASKED_ALL: u32 = 4;

export const BEHIND_NOBODY: u32 = 0;
export const BEHIND_HOST_PODS: u32 = 1;
export const BEHIND_ALL_PODS: u32 = 2;

export const TCP: u32 = 6;
export const UDP: u32 = 17;
