/**
 * One inventory version as `classify/kernel-tables.ts` lays it out, word by word in this order: byte addresses of the
 * sections of `rules/view.ts`, `pods/pod-map.ts`, `pods/services.ts` and `pods/snat.ts`, and numbers. A section of
 * indices whose width depends on its values has a word beside it: log2 of the bytes of an element. `ruleClasses` is 0
 * when the tables of rule sets are paged.
 */
@unmanaged
export class Tables {
  /** Records of classify/interface-records.ts. */
  interfaces: usize;
  // rules
  eniSets: usize;
  eniSetsWidth: u32;
  classFlags: usize;
  cellVerdict: usize;
  cellRule: usize;
  routeKind: usize;
  routeIsMiddlebox: usize;
  subnet6: usize;
  hasMiddleboxRoutes: u32;
  resolvers: usize;
  resolverWords: u32;
  root4: usize;
  root4Width: u32;
  inner4: usize;
  inner4Width: u32;
  leaf4: usize;
  leaf4Width: u32;
  pointerBit4: u32;
  fullLeaves4: u32;
  root6: usize;
  root6Width: u32;
  nodes6: usize;
  chains6: usize;
  portTab: usize;
  portTabWidth: u32;
  ruleClass: usize;
  ruleClassWidth: u32;
  ruleClasses: u32;
  routeClass: usize;
  routeClassWidth: u32;
  portClasses: u32;
  portColumns: usize;
  portColumnsWidth: u32;
  setCells: usize;
  rowTab: usize;
  rowTabWidth: u32;
  rowShift: u32;
  cells: usize;
  cellsWidth: u32;
  setInfo: usize;
  pageTab: usize;
  pageTabWidth: u32;
  pages: usize;
  pagesWidth: u32;
  rowInfo: usize;
  columnMaps: usize;
  columnMapsWidth: u32;
  pagesPerTable: u32;
  routePageTab: usize;
  routePageTabWidth: u32;
  routePages: usize;
  routePagesWidth: u32;
  anyFlag: u32;
  hasNetworkPolicies: u32;
  // pods
  entryEni: usize;
  entryIsOwn: usize;
  entryIsStray: usize;
  eniHost: usize;
  podIsTold: usize;
  strays: usize;
  strayCount: u32;
  entryRecords: usize;
  intervalEnds: usize;
  intervals: usize;
  intervalCount: u32;
  slots: usize;
  slotMask: u32;
  anySlots: usize;
  anySlotMask: u32;
  entryIsOnly: usize;
  prefixLengths: usize;
  prefixLengthCount: u32;
  vpcFirst: usize;
  vpcCidrs: usize;
  vpcCidrWords: u32;
  vpcFirst6: usize;
  vpcCidrs6: usize;
  coverStart: usize;
  coverEnd: usize;
  hostFirst: usize;
  hostStart: usize;
  hostEnd: usize;
  listenerKeys: usize;
  listenerMask: u32;
  listenerPorts: usize;
  // services
  services: usize;
  serviceMask: u32;
  hosts: usize;
  hostMask: u32;
  hostPods: usize;
  // source NAT
  snatFirst: usize;
  snatEnis: usize;
  snatAlways: usize;
  keptFirst: usize;
  keptVpcs: u32;
  kept: usize;
  externalSnat: u32;
}
