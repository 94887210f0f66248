import { hostToAsk } from '../classify/strays.ts';
import { Hidden, type Scratch, type VersionTables } from '../classify/tables.ts';
import { windowEnd, windowStart } from '../classify/window.ts';
import type { FlowBatch } from '../model/flow.ts';
import type { Names } from '../model/names.ts';
import { Attribution, Direction, type VerdictBatch } from '../model/verdict.ts';
import { ANY_HOST, ownerEntry4, podsAt, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import { InterfacePodLists } from '../pods/on-interface.ts';
import { Behind, behindSide } from '../pods/snat.ts';
import { TWIN_ADDRESSES_MAX } from '../pods/twins.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';

/** Lists that were put together, and of what. */
interface NodePods {
  readonly parts: readonly (readonly number[])[];
  readonly pods: readonly number[];
}

/**
 * Who a side of a row may be, by one inventory version. The same few lists are asked for again and again: each is put
 * into words once and handed out as the same object, for as long as its interfaces have the same pods.
 */
export class Candidates {
  private readonly tables: VersionTables;
  private readonly names: Names;
  private readonly onInterface: InterfacePodLists;
  /** By pods on a node's primary interface: those with the node's own address. */
  private readonly hostPods = new WeakMap<readonly number[], readonly number[]>();
  /** By primary interface of a node: pods on any of its interfaces. */
  private readonly ofNode: (NodePods | undefined)[] = [];
  private readonly texts = new WeakMap<readonly number[], readonly string[]>();

  constructor(tables: VersionTables, names: Names) {
    this.tables = tables;
    this.names = names;
    this.onInterface = new InterfacePodLists(tables.pods);
  }

  /** `namespace/pod` of every pod that side may be, null when its attribution is not `candidates`. */
  of(
    flow: FlowBatch,
    verdicts: VerdictBatch,
    scratch: Scratch,
    row: number,
    side: 'src' | 'dst',
  ): readonly string[] | null {
    const attribution = side === 'src' ? verdicts.srcAttribution : verdicts.dstAttribution;
    if (attribution[row] !== Attribution.candidates) return null;
    const { tables } = this;
    const start = windowStart(flow, row);
    const end = windowEnd(flow, row);
    const hidden = ((scratch.hidden[row] ?? 0) & (side === 'src' ? Hidden.src : Hidden.dst)) !== 0;
    const entry = (side === 'src' ? scratch.srcEntry : scratch.dstEntry)[row] ?? -1;
    const owner = (side === 'src' ? verdicts.srcOwner : verdicts.dstOwner)[row] ?? -1;
    const behind = behindSide(scratch.behind[row] ?? 0, side);
    if (behind !== Behind.nobody) return this.textsOf(this.podsOfNode(owner, behind, start, end));
    if (hidden) {
      return this.textsOf(podsOfTwins(scratch, tables, row, start, end) ?? this.onInterface.of(owner, start, end));
    }
    const isOwn = verdicts.direction[row] === (side === 'src' ? Direction.egress : Direction.ingress);
    const host = isOwn ? hostToAsk(tables, entry, scratch.eni[row] ?? -1) : ANY_HOST;
    return this.textsOf(podsAt(tables.pods, entry, start, end, host));
  }

  private podsOfNode(eni: number, behind: number, start: number, end: number): readonly number[] {
    const { snat } = this.tables;
    if (behind === Behind.hostPods) return this.hostPodsOf(this.onInterface.of(eni, start, end));
    const enis = snat.enis.subarray(snat.first[eni] ?? 0, snat.first[eni + 1] ?? 0);
    const parts = Array.from(enis, (each) => this.onInterface.of(each, start, end));
    const known = this.ofNode[eni];
    if (known !== undefined && parts.every((part, i) => part === known.parts[i])) return known.pods;
    const pods = parts.flat().sort((a, b) => a - b);
    this.ofNode[eni] = { parts, pods };
    return pods;
  }

  private hostPodsOf(pods: readonly number[]): readonly number[] {
    let found = this.hostPods.get(pods);
    if (found === undefined) {
      found = pods.filter((pod) => this.tables.snat.hostPods[pod] === 1);
      this.hostPods.set(pods, found);
    }
    return found;
  }

  /** Each once, in order. */
  private textsOf(pods: readonly number[]): readonly string[] {
    let texts = this.texts.get(pods);
    if (texts === undefined) {
      const named = pods.map((pod) => this.names.pods[pod]);
      texts = [...new Set(named.map((pod) => `${pod?.namespace ?? ''}/${pod?.name ?? ''}`))];
      this.texts.set(pods, texts);
    }
    return texts;
  }
}

/** Pods of the addresses that several twins show, null when there are none (or too many to tell apart). */
function podsOfTwins(
  scratch: Scratch,
  tables: VersionTables,
  row: number,
  start: number,
  end: number,
): readonly number[] | null {
  const count = scratch.twinCount[row] ?? 0;
  if (count < 2 || count > TWIN_ADDRESSES_MAX) return null;
  const eni = scratch.eni[row] ?? -1;
  const vpc = tables.rules.eni[eni * ENI_STRIDE + EniWord.vpc] ?? -1;
  const first = row * TWIN_ADDRESSES_MAX;
  const pods = Array.from(scratch.twinAddress.subarray(first, first + count)).flatMap((address) => {
    const entry = ownerEntry4(tables.pods, vpc, address);
    if (entry < 0) return [];
    const host = hostToAsk(tables, entry, eni);
    const pod = resolvePod(tables.pods, entry, start, end, host);
    if (resolvedAttribution() === Attribution.candidates) return podsAt(tables.pods, entry, start, end, host);
    return pod < 0 ? [] : [pod];
  });
  return pods.length === 0 ? null : pods.sort((a, b) => a - b);
}
