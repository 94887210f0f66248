import { placeArray } from '../classify/kernel.ts';
import { placeRules } from '../classify/kernel-tables.ts';
import { type KernelFunction, kernelFunctions } from '../model/kernel.ts';
import { KernelHeap } from '../model/kernel-heap.ts';
import { addressClass4, cellOf, portClass, routeOf } from '../rules/lookup.ts';
import { EniSet, type RulesView, SETS_STRIDE } from '../rules/view.ts';
import type { AccountFlows } from './account-trace.ts';

/** Cell of each layer (its rule and all matches follow from it), rule of the route; columns in the kernel's memory. */
export interface LayerAnswers {
  readonly sgEgress: Int32Array;
  readonly naclEgress: Int32Array;
  readonly route: Int32Array;
  readonly naclIngress: Int32Array;
  readonly sgIngress: Int32Array;
}

/** Answer of a layer that does not apply or cannot be judged; src/kernel/layers has the same. */
const NO_ANSWER = -9;

/** Flows in the kernel's memory: byte addresses of their columns. */
export type PlacedFlows = Readonly<Record<'count' | Exclude<keyof AccountFlows, 'count'>, number>>;

/** Flows of one batch: its columns stay in the first-level caches. */
const BATCH = 1024;

/**
 * The way of flows between the interfaces of an account, layer by layer: src/kernel/layers over the tables that records
 * are judged by. Two address classes and one port class serve all five layers.
 */
export class FiveLayers {
  private readonly heap = new KernelHeap();
  private readonly tables: number;
  /** Byte addresses of columns of one batch, used again and again. */
  private readonly srcClass: number;
  private readonly dstClass: number;
  private readonly srcPeer: number;
  private readonly dstPeer: number;
  private readonly port: number;
  /** (tables, addresses, out, rows) */
  private readonly classes: KernelFunction;
  /** (tables, address classes, out, rows) */
  private readonly peers: KernelFunction;
  /** (tables, protocols, port numbers, out, rows) */
  private readonly ports: KernelFunction;
  /** (tables, word of EniSet, interfaces, peers, ports, out, rows) */
  private readonly cells: KernelFunction;
  /** (tables, word of EniSet, interfaces, address classes, out, rows) */
  private readonly routes: KernelFunction;
  /** (out, rows) */
  private readonly write: KernelFunction;

  constructor(rules: RulesView) {
    const { heap } = this;
    [{ at: this.tables }] = placeRules(heap, rules);
    const column = (): number => heap.take(4 * BATCH).at;
    [this.srcClass, this.dstClass] = [column(), column()];
    [this.srcPeer, this.dstPeer, this.port] = [column(), column(), column()];
    const functionOf = kernelFunctions('layers', heap.memory);
    this.classes = functionOf('classes');
    this.peers = functionOf('peers');
    this.ports = functionOf('ports');
    this.cells = functionOf('cells');
    this.routes = functionOf('routes');
    this.write = functionOf('write');
  }

  place({ count, srcEni, dstEni, src, dst, dstPort, protocol }: AccountFlows): PlacedFlows {
    const at = (array: Int32Array | Uint32Array | Uint16Array | Uint8Array): number => placeArray(this.heap, array).at;
    return {
      count,
      srcEni: at(srcEni),
      dstEni: at(dstEni),
      src: at(src),
      dst: at(dst),
      dstPort: at(dstPort),
      protocol: at(protocol),
    };
  }

  createAnswers(count: number): LayerAnswers {
    const column = (): Int32Array => {
      const { buffer, at } = this.heap.take(4 * count);
      return new Int32Array(buffer, at, count);
    };
    return {
      sgEgress: column(),
      naclEgress: column(),
      route: column(),
      naclIngress: column(),
      sgIngress: column(),
    };
  }

  /** Security groups and network ACL of the sender, its route, network ACL and security groups of the receiver. */
  judge(flows: PlacedFlows, out: LayerAnswers): void {
    const { tables, srcClass, dstClass, srcPeer, dstPeer, port } = this;
    for (let from = 0; from < flows.count; from += BATCH) {
      const rows = Math.min(BATCH, flows.count - from);
      const word = 4 * from;
      this.classes(tables, flows.src + word, srcClass, rows);
      this.peers(tables, srcClass, srcPeer, rows);
      this.classes(tables, flows.dst + word, dstClass, rows);
      this.peers(tables, dstClass, dstPeer, rows);
      this.ports(tables, flows.protocol + from, flows.dstPort + 2 * from, port, rows);
      const layer = (set: number, enis: number, peers: number, answers: Int32Array): void => {
        this.cells(tables, set, enis + word, peers, port, answers.byteOffset + word, rows);
      };
      layer(EniSet.sgEgress, flows.srcEni, dstPeer, out.sgEgress);
      layer(EniSet.naclEgress, flows.srcEni, dstPeer, out.naclEgress);
      this.routes(tables, EniSet.routeTable, flows.srcEni + word, dstClass, out.route.byteOffset + word, rows);
      layer(EniSet.naclIngress, flows.dstEni, srcPeer, out.naclIngress);
      layer(EniSet.sgIngress, flows.dstEni, srcPeer, out.sgIngress);
    }
  }

  /** One layer alone: security groups of the receiver. */
  judgeOne(flows: PlacedFlows, out: Int32Array): void {
    const { tables, srcClass, srcPeer, port } = this;
    for (let from = 0; from < flows.count; from += BATCH) {
      const rows = Math.min(BATCH, flows.count - from);
      const word = 4 * from;
      this.classes(tables, flows.src + word, srcClass, rows);
      this.peers(tables, srcClass, srcPeer, rows);
      this.ports(tables, flows.protocol + from, flows.dstPort + 2 * from, port, rows);
      this.cells(tables, EniSet.sgIngress, flows.dstEni + word, srcPeer, port, out.byteOffset + word, rows);
    }
  }

  /**
   * The bound that needs no theory: the longest-prefix match of both address columns, and a pass that only writes five
   * columns.
   */
  matchAddresses(flows: PlacedFlows, out: LayerAnswers): void {
    for (let from = 0; from < flows.count; from += BATCH) {
      const rows = Math.min(BATCH, flows.count - from);
      this.classes(this.tables, flows.src + 4 * from, this.srcClass, rows);
      this.classes(this.tables, flows.dst + 4 * from, this.dstClass, rows);
    }
    for (const column of Object.values(out) as Int32Array[]) this.write(column.byteOffset, flows.count);
  }
}

/** Answers of one flow, in the order of the layers. */
export function answersOf(
  { sgEgress, naclEgress, route, naclIngress, sgIngress }: LayerAnswers,
  i: number,
): readonly (number | undefined)[] {
  return [sgEgress[i], naclEgress[i], route[i], naclIngress[i], sgIngress[i]];
}

/** The same by rules/lookup, one flow at a time. */
export function lookUpLayers(view: RulesView, flows: AccountFlows, i: number): readonly number[] {
  const [src, dst] = [addressClass4(view, flows.src[i]!), addressClass4(view, flows.dst[i]!)];
  const port = portClass(view, flows.protocol[i]!, flows.dstPort[i]!);
  const [sender, receiver] = [flows.srcEni[i]! * SETS_STRIDE, flows.dstEni[i]! * SETS_STRIDE];
  const cell = (at: number, cls: number): number => {
    const set = view.eniSets[at]!;
    return set < 0 ? NO_ANSWER : cellOf(view, set, cls, port);
  };
  const table = view.eniSets[sender + EniSet.routeTable]!;
  return [
    cell(sender + EniSet.sgEgress, dst),
    cell(sender + EniSet.naclEgress, dst),
    table < 0 ? NO_ANSWER : routeOf(view, table, dst),
    cell(receiver + EniSet.naclIngress, src),
    cell(receiver + EniSet.sgIngress, src),
  ];
}
