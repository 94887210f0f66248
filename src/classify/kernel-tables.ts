import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import { INTERVALS_PADDING, type PodMapView } from '../pods/pod-map.ts';
import { SERVICE_STRIDE, type ServiceTable } from '../pods/services.ts';
import type { SnatTable } from '../pods/snat.ts';
import type { InterfaceFacts } from '../rules/interface-facts.ts';
import type { RulesSections, RulesView } from '../rules/view.ts';
import { interfaceRecords } from './interface-records.ts';
import { type KernelArray, placeArray, placeWords } from './kernel.ts';

/** Words of `Tables` in src/kernel/classify/tables.ts, in its order: a test compares them. */
export const TABLE_WORDS = [
  'interfaces',
  'eniSets',
  'eniSetsWidth',
  'classFlags',
  'cellVerdict',
  'cellRule',
  'routeKind',
  'routeIsMiddlebox',
  'subnet6',
  'hasMiddleboxRoutes',
  'resolvers',
  'resolverWords',
  'root4',
  'root4Width',
  'inner4',
  'inner4Width',
  'leaf4',
  'leaf4Width',
  'pointerBit4',
  'fullLeaves4',
  'root6',
  'root6Width',
  'nodes6',
  'chains6',
  'portTab',
  'portTabWidth',
  'ruleClass',
  'ruleClassWidth',
  'ruleClasses',
  'routeClass',
  'routeClassWidth',
  'portClasses',
  'portColumns',
  'portColumnsWidth',
  'setCells',
  'rowTab',
  'rowTabWidth',
  'rowShift',
  'cells',
  'cellsWidth',
  'setInfo',
  'pageTab',
  'pageTabWidth',
  'pages',
  'pagesWidth',
  'rowInfo',
  'columnMaps',
  'columnMapsWidth',
  'pagesPerTable',
  'routePageTab',
  'routePageTabWidth',
  'routePages',
  'routePagesWidth',
  'anyFlag',
  'hasNetworkPolicies',
  'entryEni',
  'entryIsOwn',
  'entryIsStray',
  'eniHost',
  'podIsTold',
  'strays',
  'strayCount',
  'entryRecords',
  'intervalEnds',
  'intervals',
  'intervalCount',
  'slots',
  'slotMask',
  'anySlots',
  'anySlotMask',
  'entryIsOnly',
  'prefixLengths',
  'prefixLengthCount',
  'vpcFirst',
  'vpcCidrs',
  'vpcCidrWords',
  'vpcFirst6',
  'vpcCidrs6',
  'coverStart',
  'coverEnd',
  'hostFirst',
  'hostStart',
  'hostEnd',
  'listenerKeys',
  'listenerMask',
  'listenerPorts',
  'services',
  'serviceMask',
  'hosts',
  'hostMask',
  'hostPods',
  'snatFirst',
  'snatEnis',
  'snatAlways',
  'keptFirst',
  'keptVpcs',
  'kept',
  'externalSnat',
] as const;

type TableWord = (typeof TABLE_WORDS)[number];

/** What one inventory version is judged by. */
export interface KernelSource {
  readonly rules: RulesView;
  readonly pods: PodMapView;
  readonly facts: InterfaceFacts;
  readonly snat: SnatTable;
  readonly services: ServiceTable;
  /** Number of each interface over all versions. */
  readonly eniNumbers: Uint32Array;
  readonly hasNetworkPolicies: boolean;
}

/** Copies what judging reads into the kernel's memory; the first block is the address table. */
export function placeTables(heap: KernelHeap, source: KernelSource): readonly [KernelBlock, ...KernelBlock[]] {
  return placeSections(heap, wordsOf(source));
}

/** The rules of a version alone; all words of pods and Services are 0. */
export function placeRules(heap: KernelHeap, rules: RulesView): readonly [KernelBlock, ...KernelBlock[]] {
  return placeSections(heap, rulesWords(rules));
}

function placeSections(
  heap: KernelHeap,
  words: Readonly<Partial<Record<TableWord, number | KernelArray>>>,
): readonly [KernelBlock, ...KernelBlock[]] {
  const blocks: KernelBlock[] = [];
  const values = Object.fromEntries(TABLE_WORDS.map((name) => [name, 0])) as Record<TableWord, number>;
  for (const name of TABLE_WORDS) {
    const value = words[name] ?? 0;
    if (typeof value === 'number') {
      values[name] = value;
      continue;
    }
    const block = placeArray(heap, value);
    blocks.push(block);
    values[name] = block.at;
  }
  return [placeWords(heap, TABLE_WORDS, values), ...blocks];
}

function wordsOf({
  rules,
  pods,
  facts,
  snat,
  services,
  eniNumbers,
  hasNetworkPolicies,
}: KernelSource): Record<TableWord, number | KernelArray> {
  return {
    ...rulesWords(rules),
    interfaces: interfaceRecords(rules, pods, facts, eniNumbers),
    anyFlag: facts.anyFlag,
    hasNetworkPolicies: hasNetworkPolicies ? 1 : 0,
    ...podsWords(pods),
    services: services.services,
    serviceMask: services.services.length / SERVICE_STRIDE - 1,
    hosts: services.hosts,
    hostMask: services.hosts.length / SERVICE_STRIDE - 1,
    hostPods: services.hostPods,
    snatFirst: snat.first,
    snatEnis: snat.enis,
    snatAlways: snat.always,
    keptFirst: snat.keptFirst,
    keptVpcs: snat.keptFirst.length - 1,
    kept: snat.kept,
    externalSnat: snat.external,
  };
}

/** log2 of the bytes of an element. */
function width(section: KernelArray): number {
  return Math.log2(section.BYTES_PER_ELEMENT);
}

function rulesWords(rules: RulesView) {
  const { sections } = rules;
  const { root4, inner4, leaf4, root6, portTab, routePageTab, routePages } = sections;
  return {
    eniSets: rules.eniSets,
    eniSetsWidth: width(rules.eniSets),
    classFlags: rules.classFlags,
    cellVerdict: rules.cellVerdict,
    cellRule: rules.cellRule,
    routeKind: rules.routeKind,
    routeIsMiddlebox: rules.routeIsMiddlebox,
    subnet6: rules.subnet6,
    hasMiddleboxRoutes: rules.hasMiddleboxRoutes ? 1 : 0,
    resolvers: rules.resolvers,
    resolverWords: rules.resolvers.length,
    root4,
    root4Width: width(root4),
    inner4,
    inner4Width: width(inner4),
    leaf4,
    leaf4Width: width(leaf4),
    pointerBit4: sections.pointerBit4,
    fullLeaves4: sections.fullLeaves4,
    root6,
    root6Width: width(root6),
    nodes6: sections.nodes6,
    chains6: sections.chains6,
    portTab,
    portTabWidth: width(portTab),
    ...matrixWords(sections),
    routePageTab,
    routePageTabWidth: width(routePageTab),
    routePages,
    routePagesWidth: width(routePages),
  };
}

function matrixWords(sections: RulesSections) {
  const { ruleClass, routeClass, portColumns, rowTab, cells, pageTab, pages, columnMaps } = sections;
  return {
    ruleClass,
    ruleClassWidth: width(ruleClass),
    ruleClasses: rowTab.length === 0 ? 0 : sections.ruleClasses,
    routeClass,
    routeClassWidth: width(routeClass),
    portClasses: sections.portClasses,
    portColumns,
    portColumnsWidth: width(portColumns),
    setCells: sections.setCells,
    rowTab,
    rowTabWidth: width(rowTab),
    rowShift: sections.rowShift,
    cells,
    cellsWidth: width(cells),
    setInfo: sections.setInfo,
    pageTab,
    pageTabWidth: width(pageTab),
    pages,
    pagesWidth: width(pages),
    rowInfo: sections.rowInfo,
    columnMaps,
    columnMapsWidth: width(columnMaps),
    pagesPerTable: sections.pagesPerTable,
  };
}

function podsWords(pods: PodMapView) {
  return {
    entryEni: pods.entryEni,
    entryIsOwn: pods.entryIsOwn,
    entryIsStray: pods.entryIsStray,
    eniHost: pods.eniHost,
    podIsTold: pods.podIsTold,
    strays: pods.strays,
    strayCount: pods.strays.length / 2,
    entryRecords: pods.entryRecords,
    intervalEnds: pods.intervalEnds,
    intervals: pods.intervals,
    intervalCount: pods.intervalEnds.length - INTERVALS_PADDING,
    slots: pods.slots,
    slotMask: pods.slots.length - 1,
    anySlots: pods.anySlots,
    anySlotMask: pods.anySlots.length - 1,
    entryIsOnly: pods.entryIsOnly,
    prefixLengths: pods.prefixLengths,
    prefixLengthCount: pods.prefixLengths.length,
    vpcFirst: pods.vpcFirst,
    vpcCidrs: pods.vpcCidrs,
    vpcCidrWords: pods.vpcCidrs.length,
    vpcFirst6: pods.vpcFirst6,
    vpcCidrs6: pods.vpcCidrs6,
    coverStart: pods.coverStart,
    coverEnd: pods.coverEnd,
    hostFirst: pods.hostFirst,
    hostStart: pods.hostStart,
    hostEnd: pods.hostEnd,
    listenerKeys: pods.listenerKeys,
    listenerMask: pods.listenerKeys.length / 2 - 1,
    listenerPorts: pods.listenerPorts,
  };
}
