import { element } from './random.ts';
import { type End, type Traffic, WINDOW_SECONDS } from './traffic.ts';

/** Long-lived connections kept at a time. */
const SESSIONS_MAX = 2048;
const WINDOWS_MAX = 30;
const SYN = 2;
const SYN_ACK = 18;
const FIN = 1;

interface Session {
  readonly client: End;
  readonly server: End;
  readonly protocol: number;
  readonly clientPort: number;
  readonly serverPort: number;
  /** Unix second the connection closes. */
  readonly until: number;
  isNew: boolean;
}

/** Connections that live over several windows: SYN in the first record, 0 in the middle ones, FIN in the last. */
export class Sessions {
  private open: Session[] = [];

  get hasRoom(): boolean {
    return this.open.length < SESSIONS_MAX;
  }

  /** Keeps the flow whose ends `traffic` holds. Its own records begin with the next window. */
  keep(traffic: Traffic, protocol: number, clientPort: number, serverPort: number): void {
    const longest = traffic.windowStart + traffic.random.between(3, WINDOWS_MAX) * WINDOW_SECONDS;
    const { client, server } = traffic;
    const until = Math.min(longest, traffic.endOfLife(client.life), traffic.endOfLife(server.life));
    this.open.push({
      client: { ...client },
      server: { ...server },
      protocol,
      clientPort,
      serverPort,
      until,
      isNew: true,
    });
  }

  /** Drops what has closed before the window. */
  sweep(windowStart: number): void {
    this.open = this.open.filter((session) => session.until > windowStart + 4);
  }

  get count(): number {
    return this.open.length;
  }

  /** Logs the window's part of session `index`. */
  log(traffic: Traffic, index: number): void {
    const session = element(this.open, index);
    traffic.begin();
    Object.assign(traffic.client, session.client);
    Object.assign(traffic.server, session.server);
    const isLast = session.until < traffic.windowStart + WINDOW_SECONDS;
    traffic.to = Math.min(traffic.to, session.until);
    traffic.requestFlags = (session.isNew ? SYN : 0) | (isLast ? FIN : 0);
    traffic.replyFlags = (session.isNew ? SYN_ACK : 0) | (isLast ? FIN : 0);
    session.isNew = false;
    traffic.converse(session.protocol, session.clientPort, session.serverPort);
  }
}
