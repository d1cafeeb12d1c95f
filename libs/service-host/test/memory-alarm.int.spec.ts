import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parseEvent, type PublicEvent } from '@quadrille/contracts';
import { migrate } from '@quadrille/event-log';
import { Broker, declareTopology } from '@quadrille/messaging';
import {
  throwAwayDatabase,
  throwAwayRabbitMq,
  type ThrowAwayDatabase,
  type ThrowAwayRabbitMq,
} from '@quadrille/testing';
import { randomUUID } from 'node:crypto';
import { startService, type RunningService } from '../src/run-service.js';
import { eventually } from './eventually.js';
import { paymentCaptured } from './payment-captured.js';
import { tables, tinyParticipant } from './tiny-participant.js';
import { variablesOf } from './tiny-servers.js';
import { TinyModule } from './tiny.module.js';

// A broker takes seconds to start, and a busy machine longer.
jest.setTimeout(180_000);

let database: ThrowAwayDatabase;
let server: ThrowAwayRabbitMq;
let broker: Broker;
let service: RunningService;
const heard: PublicEvent[] = [];

beforeAll(async () => {
  [database, server] = await Promise.all([throwAwayDatabase(), throwAwayRabbitMq()]);
  await migrate(database.url, tinyParticipant);
  await declareTopology({ url: server.url, tables, partitions: 1 });
  broker = await Broker.connect({ url: server.url, name: 'test' });
  void listen();
});
afterAll(async () => {
  await (service as RunningService | undefined)?.app.close();
  await broker.close();
  await Promise.all([database.drop(), server.end()]);
});

/** Hears what the service announces, as inventory would. */
async function listen(): Promise<void> {
  const stream = await broker.openPartition({ service: 'inventory', partition: 0, partitions: 1 });
  for (let messages = await stream.take(10); messages.length > 0; messages = await stream.take(10)) {
    for (const { body } of messages) {
      const parsed = parseEvent(body);
      if (parsed.kind === 'event') heard.push(parsed.event);
    }
    stream.acknowledge(messages);
  }
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

describe('a service whose broker is short of memory', () => {
  const inputs = Array.from({ length: 5 }, () => paymentCaptured(randomUUID()));
  const asked = Array.from({ length: 5 }, () => randomUUID());
  const all = [...inputs.map(({ subject }) => subject), ...asked];

  it('goes on consuming and answers commands, while its log absorbs what nobody can hear', async () => {
    for (const event of inputs) await broker.publisher.publish(event);
    await server.ctl('set_vm_memory_high_watermark', '0.000001');
    Object.assign(process.env, variablesOf(database.url, server.url), { PARTITIONS: '1' });
    service = await startService(TinyModule, tinyParticipant);
    await service.started;

    const answers = asked.map((orderId) =>
      fetch(`${service.url}/v1/things`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': orderId },
        body: JSON.stringify({ orderId }),
      }),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(asked.map(() => 202));

    // What came in is decided, and the relay has tried: a connection is blocked by its first publish and not by the alarm.
    await eventually(async () => expect(await metric('quadrille_relay_lag_events')).toBe(all.length), 60_000);
    const connections = () => server.ctl('-q', 'list_connections', 'name', 'state');
    await eventually(async () => expect(await connections()).toMatch(/\tblocked$/m), 60_000);
    // With those that were taken and not acknowledged; the broker counts anew every few seconds.
    const inQueues = () => server.ctl('-q', 'list_queues', 'name', 'messages');
    await eventually(async () => expect(await inQueues()).toMatch(/^order\.0of1\t0$/m), 60_000);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    expect(heard).toEqual([]);
  });

  it('is heard when the alarm is over: of everything it has decided, and of nothing else', async () => {
    await server.ctl('set_vm_memory_high_watermark', '0.4');
    await eventually(async () => expect(await metric('quadrille_relay_lag_events')).toBe(0), 60_000);
    await eventually(() => expect(new Set(heard.map(({ subject }) => subject))).toEqual(new Set(all)));
    expect(new Set(heard.map(({ id }) => id)).size).toBe(all.length);
  });
});
