import { Registry, silentLogger } from '@quadrille/observability';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConfirmedChannel } from './confirmed-channel.js';
import { BrokerConnection } from './connection.js';
import { brokerMetrics } from './metrics.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a broker that is away', () => {
  // Nobody listens on this port.
  const connection = new BrokerConnection({
    url: 'amqp://127.0.0.1:1',
    name: 'spec',
    heartbeatSeconds: 5,
    logger: silentLogger,
  });
  const metrics = brokerMetrics(new Registry());
  const channel = new ConfirmedChannel({ connection, confirmTimeoutMs: 20, metrics, logger: silentLogger });

  afterEach(async () => {
    connection.blocked = undefined;
    await channel.close();
    await connection.close();
  });

  /** Its own function, so that nothing of the message is left on the stack. */
  async function attempt(): Promise<WeakRef<Uint8Array>> {
    const body = new Uint8Array(1_000);
    const message = { exchange: '', routingKey: 'q', body, messageId: 'm', contentType: 'text/plain', headers: {} };
    await expect(channel.send(message)).rejects.toThrow('m to the default exchange');
    return new WeakRef(body);
  }

  it('keeps nothing of the messages whose time is over, be it closed or blocked', async () => {
    const bodies = [await attempt(), await attempt()];
    connection.blocked = 'no memory is left';
    let listeners = 0;
    const onceUnblocked = connection.onceUnblocked.bind(connection);
    jest.spyOn(connection, 'onceUnblocked').mockImplementation((listener) => {
      const takeBack = onceUnblocked(listener);
      listeners += 1;
      return () => {
        takeBack();
        listeners -= 1;
      };
    });
    bodies.push(await attempt(), await attempt());
    expect(listeners).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(bodies.map((body) => body.deref())).toEqual(bodies.map(() => undefined));
  });
});
