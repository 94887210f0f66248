import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

const KEEP_ALIVE_MS = 60_000;

/** As kafkajs calls it: without TLS `ssl` is absent, whatever its types say. */
type SocketOptions = Omit<ISocketFactoryArgs, 'ssl'> & { readonly ssl: ConnectionOptions | undefined };

/** The sockets of one client. */
export interface Sockets {
  readonly factory: (options: SocketOptions) => Socket;
  /** Ends all of them, and whatever is opened later. */
  close(): void;
}

/**
 * kafkajs may finish a reconnect that was under way when it was told to disconnect: such a socket belongs to nobody and
 * would keep the process from ending.
 */
export function openSockets(): Sockets {
  const open = new Set<Socket>();
  let closed = false;
  return {
    factory: ({ host, port, ssl, onConnect }) => {
      const name = isIP(host) === 0 ? { servername: host } : {};
      const socket = ssl ? connectTls({ host, port, ...name, ...ssl }, onConnect) : connect({ host, port }, onConnect);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      if (closed) socket.destroy();
      else open.add(socket.once('close', () => open.delete(socket)));
      return socket;
    },
    close() {
      closed = true;
      for (const socket of open) socket.destroy();
    },
  };
}
