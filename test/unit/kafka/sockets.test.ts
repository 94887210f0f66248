import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { openSockets } from '../../../src/kafka/sockets.ts';

it('leaves no socket behind, not even one that is opened after the client was closed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const sockets = openSockets();
  const target = { host: '127.0.0.1', port, ssl: undefined };
  const before = await new Promise<ReturnType<typeof sockets.factory>>((resolve) => {
    const socket = sockets.factory({ ...target, onConnect: () => resolve(socket) });
  });
  expect(before.destroyed).toBe(false);
  sockets.close();
  expect(before.destroyed).toBe(true);
  expect(sockets.factory({ ...target, onConnect: () => expect.fail('connected') }).destroyed).toBe(true);
  server.close();
  await once(server, 'close');
});
