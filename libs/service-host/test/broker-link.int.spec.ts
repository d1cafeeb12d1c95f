import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseMessage, partitionOf, slotOf } from '@quadrille/contracts';
import { Registry, silentLogger } from '@quadrille/observability';
import { randomUUID } from 'node:crypto';
import { BrokerLink } from '../src/broker-link.js';
import { ServiceConfiguration } from '../src/configuration/service-configuration.js';
import { paymentCaptured } from './payment-captured.js';
import { tinyParticipant } from './tiny-participant.js';
import { partitions, tinyServers, type TinyServers } from './tiny-servers.js';

let servers: TinyServers;
beforeAll(async () => {
  servers = await tinyServers();
  await servers.declareTopology();
});
afterAll(() => servers.drop());

it.each([
  ['share messages by default', {}, true],
  ['have messages of their own where EVENTS_PER_MESSAGE_MAX is 1', { EVENTS_PER_MESSAGE_MAX: '1' }, false],
])(
  'events of one moment %s, one for each partition at least, and reach no other partition than theirs',
  async (_, more, areShared) => {
    const registry = new Registry();
    const configuration = new ServiceConfiguration({ ...servers.variables, ...more });
    const link = new BrokerLink(tinyParticipant, configuration, silentLogger, registry);
    await link.connect();
    const events = Array.from({ length: 20 }, () => paymentCaptured(randomUUID()));
    await Promise.all(events.map((event) => link.publish(event)));
    const counts = Array.from({ length: partitions }, () => 0);
    for (const { subject } of events) counts[partitionOf(slotOf(subject), partitions)]! += 1;
    const published = await registry.getSingleMetric('quadrille_messages_published_total')?.get();
    const expected = areShared ? counts.filter((count) => count > 0).length : events.length;
    expect(published?.values).toEqual([expect.objectContaining({ value: expected })]);

    for (const [partition, count] of counts.entries()) {
      const stream = await link.openPartition(partition);
      for (let left = count; left > 0;) {
        const messages = await stream.take(left);
        left -= messages.length;
        for (const message of messages) {
          const parsed = parseMessage(message);
          if (parsed.kind !== 'event') throw new Error('only events were published');
          expect(partitionOf(slotOf(parsed.event.subject), partitions)).toBe(partition);
          // Whoever is the only one of its partition travels alone.
          expect(message.json !== undefined).toBe(areShared && count > 1);
        }
        stream.acknowledge(messages);
      }
      await stream.close();
    }
    await link.close();
  },
);
