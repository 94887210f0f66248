// typed-array kernel: flows of one aggregation window at a time
import { Kind } from '../model/verdict.ts';
import { Block } from './block.ts';
import { isListed } from './kubernetes-documents.ts';
import type { LogOptions } from './options.ts';
import { element, Random } from './random.ts';
import { type Leg, RecordFormat } from './record.ts';
import { Status, type Truth } from './truth.ts';
import { FOREVER, type World } from './world.ts';

/** One end of a flow. Two objects, filled again and again. */
export interface End {
  /** Interface behind the address, −1 = outside the VPC. */
  eni: number;
  address: number;
  /** Pod, −1 = none. */
  life: number;
  kind: number;
  /** Published as Amazon S3's. */
  aws: boolean;
  /** The inventory declares that this end listens on the flow's server port. */
  declared: boolean;
}

/** Where the rules stop a flow. */
export const Stop = {
  none: 0,
  /** Request, leaving the client's interface. */
  clientEgress: 1,
  /** Request, entering the server's interface. */
  serverIngress: 2,
  /** Reply, leaving the server's interface. */
  serverEgress: 3,
  /** Reply, entering the client's interface. */
  clientIngress: 4,
  /** Delivered to nobody: a blackhole; the interface lets it pass. */
  unanswered: 5,
} as const;
export const LAYER = { none: 0, sg: 1, nacl: 2 } as const;

/** traffic-path codes (VPC User Guide, "Flow log records"). */
export const TrafficPath = { none: 0, vpc: 1, peering: 4, gatewayEndpoint: 7, internet: 8 } as const;

export const WINDOW_SECONDS = 60;
/** A pod takes part in a window when it lives at least so long in it. */
const OVERLAP_SECONDS_MIN = 4;
/** Share of NODATA and SKIPDATA lines. */
const SILENT_SHARE = 0.002;
/** Drift waits so many lines for a record of the kind whose turn it is. */
const DRIFT_PATIENCE = 20;

const TCP = 6;
const SYN = 2;
const SYN_ACK = 18;
const FIN = 1;
const EPHEMERAL_FROM = 32_768;
const EPHEMERAL_TO = 60_999;

const end = (): End => ({ eni: -1, address: 0, life: -1, kind: 0, aws: false, declared: false });

/** The state of the traffic: who is alive in the window, and counters that steer the shares. */
export class Traffic {
  readonly world: World;
  readonly random: Random;
  readonly format: RecordFormat;
  readonly block: Block = new Block();
  readonly client: End = end();
  readonly server: End = end();
  /** Lines so far, of which: the rules deny, drift, no data. */
  lines = 0;
  denied = 0;
  drifts = 0;
  silent = 0;
  windowStart = 0;
  private linesLeft = 0;
  private readonly cursor: Int32Array;
  private readonly options: LogOptions;
  /** Seconds both ends live in, within the window. */
  from = 0;
  to = 0;
  /** tcp-flags of the flow's two directions in this window. */
  requestFlags = 0;
  replyFlags = 0;
  requestPath: number = TrafficPath.vpc;
  replyPath: number = TrafficPath.vpc;
  private readonly leg: Leg = {
    ...{ eni: 0, egress: false, reply: false, src: 0, dst: 0, srcPort: 0, dstPort: 0, protocol: 0 },
    ...{
      packets: 0,
      bytes: 0,
      start: 0,
      end: 0,
      observedReject: false,
      tcpFlags: 0,
      trafficPath: 0,
      srcAws: false,
      dstAws: false,
    },
  };
  private readonly truth: Truth = {
    ...{
      status: 0,
      srcKind: 0,
      dstKind: 0,
      srcLife: -1,
      dstLife: -1,
      egress: false,
      reply: false,
      observedReject: false,
    },
    ...{ denied: false, layer: 0, drift: false, sure: false, srcVisible: false, dstVisible: false },
  };

  constructor(world: World, options: LogOptions) {
    this.world = world;
    this.options = options;
    this.random = new Random(world.options.seed, 3);
    this.format = new RecordFormat(world, options.fields);
    this.cursor = world.lives.replicaFirst.slice(0, -1);
  }

  /** Starts a window of at most `lines` lines. */
  open(windowStart: number, lines: number): void {
    this.windowStart = windowStart;
    this.linesLeft = lines;
  }

  get isFull(): boolean {
    return this.linesLeft === 0;
  }

  /** A flow of the kind the rules deny is due. */
  get wantsDenied(): boolean {
    return this.denied < this.options.reject * this.lines;
  }

  get wantsSilence(): boolean {
    return this.silent < SILENT_SHARE * this.lines;
  }

  /** Forgets the last flow; every flow begins with it. */
  begin(): void {
    this.from = this.windowStart + this.random.below(20);
    this.to = this.windowStart + WINDOW_SECONDS - 1 - this.random.below(15);
    this.requestPath = TrafficPath.vpc;
    this.replyPath = TrafficPath.vpc;
    this.briefFlags();
  }

  /** Flags of a connection that opens and closes in the window, or that was opened before. */
  private briefFlags(): void {
    const draw = this.random.below(10);
    this.requestFlags = draw < 7 ? SYN | FIN : draw < 8 ? SYN : draw < 9 ? FIN : 0;
    this.replyFlags = draw < 7 ? SYN_ACK | FIN : draw < 8 ? SYN_ACK : draw < 9 ? FIN : 0;
  }

  ephemeral(): number {
    return this.random.between(EPHEMERAL_FROM, EPHEMERAL_TO);
  }

  /** An interface by its own address. */
  useEni(at: End, eni: number, declared = false): void {
    const found = element(this.world.enis, eni);
    at.eni = eni;
    at.address = found.primary;
    at.life = -1;
    at.kind = found.kind;
    at.aws = false;
    at.declared = declared;
  }

  /** An address outside the VPC. */
  useOutside(at: End, address: number, aws = false): void {
    at.eni = -1;
    at.address = address;
    at.life = -1;
    at.kind = Kind.external;
    at.aws = aws;
    at.declared = false;
  }

  /** A pod of the workload that lives in the window; narrows [from, to) to its life. False when there is none. */
  usePod(at: End, workload: number): boolean {
    const { firstReplica, replicas, declared, service, hostNetwork, port } = element(this.world.workloads, workload);
    const life = this.lifeInWindow(firstReplica + this.random.below(replicas));
    if (life < 0) return false;
    this.useLife(at, life);
    // the history names no ports, so only listed pods declare theirs
    at.declared = port > 0 && (declared || service !== null) && isListed(this.world, life);
    // at its node's address only a declared port tells which of the node's pods it is
    if (hostNetwork && !at.declared) at.kind = Kind.node;
    return this.to - this.from >= 2;
  }

  useLife(at: End, life: number): void {
    const { lives } = this.world;
    at.eni = lives.eni[life]!;
    at.address = lives.address[life]!;
    at.life = life;
    at.kind = Kind.pod;
    at.aws = false;
    this.from = Math.max(this.from, lives.start[life]!);
    this.to = Math.min(this.to, lives.end[life]!);
  }

  private lifeInWindow(replica: number): number {
    const { lives } = this.world;
    const { start, end: ends, replicaFirst } = lives;
    const last = replicaFirst[replica + 1]! - 1;
    let life = this.cursor[replica]!;
    while (life < last && ends[life]! < this.windowStart + OVERLAP_SECONDS_MIN) life++;
    this.cursor[replica] = life;
    const latest = this.windowStart + WINDOW_SECONDS - OVERLAP_SECONDS_MIN;
    // the address may change hands within the window: either pod may be met
    if (life < last && start[life + 1]! <= latest && this.random.chance(0.5)) life++;
    if (ends[life]! < this.windowStart + OVERLAP_SECONDS_MIN || start[life]! > latest) return -1;
    return life;
  }

  /** Traffic inside a node never reaches an interface. */
  onOneNode(): boolean {
    const { enis } = this.world;
    const { client, server } = this;
    if (client.eni < 0 || server.eni < 0) return false;
    return (
      client.eni === server.eni || (enis[client.eni]!.node >= 0 && enis[client.eni]!.node === enis[server.eni]!.node)
    );
  }

  /**
   * Logs a flow at every interface it meets, request and reply, up to where the rules (or drift) stop it.
   * False when there is nothing to log.
   */
  converse(
    protocol: number,
    clientPort: number,
    serverPort: number,
    stop: number = Stop.none,
    layer: number = LAYER.none,
  ): boolean {
    if (this.to - this.from < 2 || this.onOneNode()) return false;
    const { leg } = this;
    leg.protocol = protocol;
    if (stop !== Stop.none) {
      const answered = stop === Stop.serverEgress || stop === Stop.clientIngress;
      this.requestFlags = SYN;
      this.replyFlags = answered ? SYN_ACK : 0;
    }
    const [a, b] = [this.client.eni, this.server.eni];
    for (let step: number = Stop.clientEgress; step <= Stop.clientIngress; step++) {
      if (stop === Stop.unanswered && step > Stop.clientEgress) return true;
      const eni = step === Stop.clientEgress || step === Stop.clientIngress ? a : b;
      const reply = step >= Stop.serverEgress;
      leg.srcPort = reply ? serverPort : clientPort;
      leg.dstPort = reply ? clientPort : serverPort;
      if (
        eni >= 0 &&
        !this.log(eni, step === Stop.clientEgress || step === Stop.serverEgress, reply, step === stop, layer)
      )
        return true;
      if (step === stop) return true;
    }
    return true;
  }

  /** One record; false when the flow goes no further: drift stopped it, or the window is full. */
  private log(eni: number, egress: boolean, reply: boolean, denied: boolean, layer: number): boolean {
    if (this.linesLeft === 0) return false;
    const { leg, truth, random } = this;
    const [src, dst] = reply ? [this.server, this.client] : [this.client, this.server];
    leg.eni = eni;
    leg.egress = egress;
    leg.reply = reply;
    leg.src = src.address;
    leg.dst = dst.address;
    leg.srcAws = src.aws;
    leg.dstAws = dst.aws;
    leg.tcpFlags = leg.protocol === TCP ? (reply ? this.replyFlags : this.requestFlags) : 0;
    leg.trafficPath = reply ? this.replyPath : this.requestPath;
    leg.start = this.from + (random.next() & 1);
    leg.end = this.to;
    leg.packets = denied ? random.between(1, 3) : 1 + (random.next() & random.next() & 63);
    leg.bytes = leg.packets * (denied ? 60 : random.between(52, 1452));
    const drift = this.isDriftDue(denied);
    leg.observedReject = denied !== drift;
    truth.status = Status.ok;
    truth.srcKind = src.aws && this.format.shown.pktSrcAwsService ? Kind.awsService : src.kind;
    truth.dstKind = dst.aws && this.format.shown.pktDstAwsService ? Kind.awsService : dst.kind;
    truth.srcLife = src.kind === Kind.pod ? src.life : -1;
    truth.dstLife = dst.kind === Kind.pod ? dst.life : -1;
    truth.egress = egress;
    truth.reply = reply;
    truth.observedReject = leg.observedReject;
    truth.denied = denied;
    truth.layer = denied ? layer : LAYER.none;
    truth.drift = drift;
    truth.sure = this.isRoleSure(leg.observedReject);
    truth.srcVisible = this.format.shows(leg, 'src');
    truth.dstVisible = this.format.shows(leg, 'dst');
    this.block.add(this.format, leg, truth);
    this.count();
    if (denied) this.denied++;
    if (drift) this.drifts++;
    return !leg.observedReject;
  }

  private count(): void {
    this.lines++;
    this.linesLeft--;
  }

  /** Only records whose role the contract's ladder finds are changed: of others nobody could tell. */
  private isDriftDue(denied: boolean): boolean {
    const due = this.options.drift * this.lines - this.drifts;
    if (due <= 0 || !this.isRoleSure(!denied)) return false;
    const turn = this.drifts % 2 === 1;
    return turn === denied || due > DRIFT_PATIENCE;
  }

  /**
   * True when the ladder's first step that answers (flags, listener, reject, port) gives the true role, by what was
   * declared of the server when the world was made.
   */
  private isRoleSure(reject: boolean): boolean {
    const { leg } = this;
    const { shown } = this.format;
    if (shown.tcpFlags && (leg.tcpFlags & SYN) !== 0) return true;
    if (!shown.ports || (leg.protocol !== TCP && leg.protocol !== 17)) return reject && !leg.reply;
    if (this.server.declared) return true;
    if (reject) return !leg.reply;
    const client = leg.reply ? leg.dstPort : leg.srcPort;
    const server = leg.reply ? leg.srcPort : leg.dstPort;
    if (client < 1024 !== server < 1024) return server < 1024;
    return client >= EPHEMERAL_FROM && server < EPHEMERAL_FROM;
  }

  /** A NODATA line of an interface without traffic, or now and then a SKIPDATA line of any. */
  keepSilent(): void {
    if (this.linesLeft === 0) return;
    const { random, world, truth } = this;
    const skipped = random.chance(0.2);
    const idle = world.fixtures.idle;
    const eni = skipped ? random.below(world.enis.length) : element(idle, random.below(idle.length));
    truth.status = skipped ? Status.skipdata : Status.nodata;
    const text = this.format.silence(
      eni,
      skipped ? 'SKIPDATA' : 'NODATA',
      this.windowStart,
      this.windowStart + WINDOW_SECONDS - 1,
    );
    this.block.addText(text, eni, truth);
    this.count();
    this.silent++;
  }

  /** Lives that go on beyond this window, for connections that do. */
  endOfLife(life: number): number {
    return life < 0 ? FOREVER : this.world.lives.end[life]!;
  }
}
