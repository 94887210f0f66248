/**
 * Typed-array views over one compiled arena: what a worker holds. Offsets only, nothing copied.
 * Per record: two address classes (source, destination) and one port class serve every layer.
 */
export interface RulesView {
  /** Bytes of the arena that judging a record may read, header included; what follows is for reports only. */
  readonly hotBytes: number;
  readonly eniCount: number;
  readonly ruleCount: number;
  /** ENI_STRIDE i32 words an ENI, see EniWord; row = index in `Inventory.networkInterfaces`. */
  readonly eni: Int32Array;
  /** SETS_STRIDE words an ENI, see EniSet: what judges its traffic, apart from the rest and small. */
  readonly eniSets: SignedArray;
  /** Flags of each address class, see ClassFlag. */
  readonly classFlags: Uint8Array;
  /** Cell → Verdict code (allow, deny, unknown). */
  readonly cellVerdict: Uint8Array;
  /** Cell → deciding rule index, IMPLICIT_DENY, or NO_RULE for unknown. */
  readonly cellRule: Int32Array;
  /** Number of cells: size of a hit-counter array. */
  readonly cellCount: number;
  /** Route rule index → route kind code; 0 for rules that are no routes. */
  readonly routeKind: Uint8Array;
  /** Route rule index → 1 when its target is an interface or a GWLB endpoint (a middlebox), else 0. */
  readonly routeIsMiddlebox: Uint8Array;
  /**
   * First IPv6 CIDR of each subnet: SUBNET6_STRIDE words, 4 of the base then 4 of the mask (big-endian word order);
   * base and mask all ones when it has none (matches nothing that is routed). Index: Inventory.subnets.
   */
  readonly subnet6: Uint32Array;
  /** True when any route table sends traffic through an interface or GWLB endpoint: group references may be void. */
  readonly hasMiddleboxRoutes: boolean;
  /** Resolver addresses (base + 2 of each IPv4 CIDR): pairs of (vpc index, u32 address), sorted. */
  readonly resolvers: Uint32Array;
  readonly sections: RulesSections;
}

/** A table of small numbers: u8 while all of them fit, else u16. */
export type ByteArray = Uint8Array | Uint16Array;

/** A table of indices: u16 while all of them fit, else i32. */
export type IndexArray = Uint16Array | Int32Array;

/** A table of numbers of which some are negative: i16 while all of them fit, else i32. */
export type SignedArray = Int16Array | Int32Array;

/** The arrays that only rules/lookup.ts and rules/catalog.ts read. */
export interface RulesSections {
  /** IPv4 trie, 16-8-8 bits; an entry with `pointerBit4` is the index of a block of the next level; see Trie4. */
  readonly root4: IndexArray;
  readonly inner4: IndexArray;
  readonly leaf4: IndexArray;
  readonly pointerBit4: number;
  readonly fullLeaves4: number;
  /** IPv6 trie: 16-bit root, nodes of 16 entries, chains of 16 words; see address-trie. */
  readonly root6: SignedArray;
  readonly nodes6: Int32Array;
  readonly chains6: Int32Array;
  /** Port class of 65536 TCP ports, 65536 UDP ports, 256 protocols. */
  readonly portTab: IndexArray;
  /** By address class: its class to rule sets, which tell fewer addresses apart, and to route tables. */
  readonly ruleClass: IndexArray;
  readonly routeClass: IndexArray;
  /** Classes that `ruleClass` holds, and port classes. */
  readonly ruleClasses: number;
  readonly portClasses: number;
  /** First cell of each rule set. */
  readonly setCells: Int32Array;
  /** `portClasses` entries a rule set: column of each port class. */
  readonly portColumns: ByteArray;
  /**
   * Flat layout, when `rowTab` is not empty: `ruleClasses` entries a rule set, the start of the row of each class in
   * `cells`, in units of 2 to the power `rowShift`. A row is a cell for each column of the set.
   */
  readonly rowTab: IndexArray;
  readonly rowShift: number;
  /** Cells of rows, counted from the first cell of the set. */
  readonly cells: IndexArray;
  /** Paged layout, all that follows: 2 words a rule set, its first row and the start of its pages. */
  readonly setInfo: Int32Array;
  /** Number of the page in `pages`, one for 16 classes. */
  readonly pageTab: IndexArray;
  /** Row of each class, counted from the first row of its set. */
  readonly pages: IndexArray;
  /** 2 words a row: start of its column map, start of its cells. */
  readonly rowInfo: Int32Array;
  /** What each column of the set is to a row. */
  readonly columnMaps: ByteArray;
  /** `pagesPerTable` entries a route table: number of the page in `routePages`. */
  readonly routePageTab: IndexArray;
  readonly pagesPerTable: number;
  /** Rule index of the route of each class, −1 = none, −2 = not known. */
  readonly routePages: SignedArray;
  /** Start of each cell's matches in `matchList`, one more than there are cells. */
  readonly matchOffset: Int32Array;
  /** Rule index and flags of every rule that matches in a cell, the deciding one first; see catalog. */
  readonly matchList: Int32Array;
}

/**
 * Words of one row of `eniSets`. Set values: ≥ 0 = rule set; NO_SET = layer does not apply; UNKNOWN_SET = not known.
 */
export const EniSet = {
  /** Rule sets of its security groups; +1 is the same set without group references when `hasMiddleboxRoutes`. */
  sgIngress: 0,
  sgEgress: 1,
  naclIngress: 2,
  naclEgress: 3,
  /** Route table row, or UNKNOWN_SET. */
  routeTable: 4,
  /**
   * Rule index of the local route of its subnet's IPv4 and IPv6 block: inside a subnet no route table is asked (VPC
   * User Guide, "Route tables"); −1 = no route table is known, or it has none: the packet is local all the same.
   */
  localRoute4: 5,
  localRoute6: 6,
} as const;
/** A power of two: a row is then within one cache line. */
export const SETS_STRIDE = 8;

/** Words of one ENI row. */
export const EniWord = {
  /** Index into Inventory.subnets, or −1. */
  subnet: 0,
  /** Index into Inventory.vpcs, or −1. */
  vpc: 1,
  /** Zone number: equal numbers are the same zone; −1 = not known. */
  zone: 2,
  /** Primary IPv4 as u32 bits; 0 when there is none. */
  primary4: 3,
  /** First IPv4 CIDR of its subnet: base and mask as u32 bits; without one mask 0 and base 1, which matches nothing. */
  subnetBase4: 4,
  subnetMask4: 5,
  /** Kind code (model/verdict) of the interface itself when an address is its own. */
  kind: 6,
  /** 1 when it holds addresses besides its primary IPv4: the default format hides which one was used. */
  hasSecondary: 7,
  /** Node number (same instance ⇒ same number), −1 = none. */
  node: 8,
} as const;
export const ENI_STRIDE = 9;
/** Words of a set in `setInfo`. */
export const SET_STRIDE = 2;
export const SUBNET6_STRIDE = 8;
export const NO_SET = -1;
export const UNKNOWN_SET = -2;

/** Bits of RulesView.classFlags. */
export const ClassFlag = {
  /** Inside a CIDR of a VPC of the inventory, or an address of one of its interfaces. */
  inside: 1,
  /** Exempt from rules on every port: metadata, resolver, time, licence activation, task metadata, fd00:ec2::/32. */
  exempt: 2,
  /** Base + 2 of some VPC's IPv4 CIDR: exempt on port 53 for that VPC. */
  resolver: 4,
} as const;
