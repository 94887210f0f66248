/** What `pods/twins.ts` and `pods/twin-flow.ts` say as well: a test compares them. */
export const FLOW_ENI: usize = 0;
export const FLOW_REMOTE_ENI: usize = 4;
export const FLOW_PROTOCOL: usize = 8;
export const FLOW_LOCAL: usize = 12;
export const FLOW_REMOTE: usize = 16;
export const FLOW_LOCAL_PORT: usize = 20;
export const FLOW_REMOTE_PORT: usize = 24;
export const FLOW_START: usize = 28;
export const FLOW_END: usize = 32;
export const FLOW_EGRESS: usize = 36;
export const FLOW_ROLE: usize = 40;
export const FLOW_EVIDENCE: usize = 44;
export const FLOW_BYTES: usize = 48;
export const NO_ENI: u32 = 0xffff_ffff;
export const TWIN_STRETCH: u32 = 256;

/** The head of the memory, byte addresses of u32: State of pods/twins.ts. */
export const STATE_RESERVED: usize = 64;
export const STATE_OVERFLOW: usize = 128;
export const STATE_LONGEST: usize = 192;
export const STATE_CAPACITY: usize = 256;
export const STATE_MASK: usize = 260;
export const STATE_HEADS: usize = 264;
export const STATE_ENTRIES: usize = 268;

/** Byte offsets of an entry. */
export const ENTRY_LINK: usize = 0;
export const ENTRY_ENI: usize = 4;
export const ENTRY_REMOTE: usize = 8;
export const ENTRY_PORTS: usize = 12;
export const ENTRY_START: usize = 16;
export const ENTRY_END: usize = 20;
export const ENTRY_LOCAL: usize = 24;
export const ENTRY_BYTES: usize = 28;

/** Link of an entry: the next one of its chain in 24 bits, then direction and role; the same of the head. */
export const NONE: u32 = 0xff_ffff;
export const EGRESS_BIT: u32 = 0x100_0000;
export const ROLE_SHIFT: u32 = 25;

export const SLACK_SECONDS: u32 = 60;
export const MERGE_SECONDS: u32 = 121;
export const SLOT_BITS: u32 = 10;
export const BLOCK_ENTRIES: u32 = 256;

/** Byte offsets of a desk: what is handed in, what was found, and what only the kernel uses. */
export const DESK_FLOWS: usize = 0;
export const DESK_MATCHES: usize = 12_288;
export const MATCHES_MAX: u32 = 1024;
export const DESK_HASH: usize = 20_480;
export const DESK_SLOT: usize = 21_504;
export const DESK_LAST: usize = 22_528;
/** Chains at work: their question, and the entry that is looked at next. */
export const DESK_QUESTION: usize = 23_552;
export const DESK_ENTRY: usize = 24_576;
export const DESK_ACTIVE: usize = 25_600;
/** The reserved block: next free entry, and its end. */
export const DESK_FREE: usize = 25_604;
export const DESK_BLOCK_END: usize = 25_608;
/** What brings memory into the cache leaves here what it read, so that it is not left out. */
export const DESK_TOUCHED: usize = 25_612;
/** Chains at work that go on with another bucket. */
export const DESK_BEGUN: usize = 25_664;
export const DESK_RECENT: usize = 26_688;
/**
 * Entries remembered per desk, with their hashes, to join records of one flow that follow each other: a power of two
 * well above the flows of a minute, which is the time between two records of one flow.
 */
export const RECENT: u32 = 1 << 17;

/** A match: question, roles in bits 16 and 17, TWIN or REVERSE; then the address that a twin shows. */
export const MATCH_ROLE_SHIFT: u32 = 16;
export const MATCH_TWIN: u32 = 0x100_0000;
export const MATCH_REVERSE: u32 = 0x200_0000;
