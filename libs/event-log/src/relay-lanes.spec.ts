import { buildEvent, fact, type PublicEvent } from '@quadrille/contracts';
import { silentLogger } from '@quadrille/observability';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../test/eventually.js';
import { seenSpans } from '../test/seen-spans.js';
import { RelayLanes } from './relay-lanes.js';

const orderId = '01890a5d-0000-7000-8000-000000000001';
const declined = {
  orderId,
  paymentId: '01890a5d-0000-7000-8000-000000000002',
  amountMinor: 100,
  currency: 'EUR',
  declineCode: 'expired_card',
};
const context = { id: orderId, time: '2026-01-02T03:04:05.678Z', correlationId: 'c', causationId: 'c', sequence: 1 };
const v2 = buildEvent('payment', fact('payment.declined.v2', { ...declined, retryable: true }), context);
const v1 = buildEvent('payment', fact('payment.declined.v1', declined), context);

let lanes: RelayLanes | undefined;
afterEach(() => lanes?.stop());

/** Announces one fact in both versions to a broker that answers as told; returns what is sent and whether it was said. */
function announce(answer: (type: string) => 'confirmed' | 'returned' | 'nack', copies = [v2, v1]) {
  const sent: PublicEvent['type'][] = [];
  const said: number[] = [];
  lanes = new RelayLanes({
    publisher: {
      publish: async ({ type }) => {
        sent.push(type);
        const reason = answer(type);
        if (reason !== 'confirmed') throw Object.assign(new Error(reason), { reason });
      },
    },
    inFlightMax: 10,
    retry: { attemptsMax: Infinity, firstDelayMs: 1, factor: 2, delayMaxMs: 5 },
    mayPublish: () => true,
    onPublished: ({ position }) => said.push(position),
    onRetry: () => undefined,
    logger: silentLogger,
  });
  lanes.enqueue({ lane: orderId, position: 7, build: () => copies });
  return { sent, said };
}

describe('an event of a trace', () => {
  it('is sent in a step of it', async () => {
    const tracing = await seenSpans();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traced = { ...v1, traceparent: `00-${traceId}-b7ad6b7169203331-01` };

    const { said } = announce(() => 'confirmed', [traced]);

    await eventually(() => expect(said).toEqual([7]));
    expect(tracing.spans).toMatchObject([
      { name: 'publish payment.declined.v1', traceId, parentSpanId: 'b7ad6b7169203331' },
    ]);
    await tracing.shutdown();
  });
});

describe('a fact in two versions', () => {
  it('is sent once in each', async () => {
    const { sent, said } = announce(() => 'confirmed');

    await eventually(() => expect(said).toEqual([7]));
    expect(sent).toEqual(['payment.declined.v2', 'payment.declined.v1']);
  });

  it.each(['payment.declined.v1', 'payment.declined.v2'])('is said although nobody hears %s', async (unheard) => {
    const { sent, said } = announce((type) => (type === unheard ? 'returned' : 'confirmed'));

    await eventually(() => expect(said).toEqual([7]));
    expect(sent).toHaveLength(2);
  });

  it('is not said while nobody hears any', async () => {
    let bound = false;
    const { sent, said } = announce((type) => (bound && type.endsWith('v1') ? 'confirmed' : 'returned'));

    await eventually(() => expect(sent.length).toBeGreaterThan(5));
    expect(said).toEqual([]);

    bound = true;
    await eventually(() => expect(said).toEqual([7]));
  });

  it('is sent again in both when one is unknown for any other reason', async () => {
    const answers = ['confirmed', 'nack', 'confirmed', 'confirmed'] as const;
    let at = 0;
    const { sent, said } = announce(() => answers[at++] ?? 'confirmed');

    await eventually(() => expect(said).toEqual([7]));
    expect(sent).toHaveLength(4);
  });
});
