import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyBytesMax, buildEvent, ContractViolation, fact, parseEvent, type EnvelopeContext } from './envelope.js';

const orderId = '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10';
const context: EnvelopeContext = {
  id: '01938f1e-7c01-7000-8000-000000000001',
  time: '2024-12-04T10:15:30.000Z',
  correlationId: 'request-1',
  causationId: 'request-1',
  sequence: 1,
};
const sample = (type: string) =>
  JSON.parse(readFileSync(new URL(`../samples/${type}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

describe('a publisher', () => {
  it('builds an event that its readers parse to the same facts', () => {
    const event = buildEvent('order', fact('order.confirmed.v1', { orderId }), context);

    expect(parseEvent(bytes(event))).toEqual({ kind: 'event', event });
    expect(event).toMatchObject({ subject: orderId, source: '/order', type: 'order.confirmed.v1', sequence: 1 });
  });

  it('writes ids in small letters, so that subject and order agree', () => {
    const event = buildEvent('order', fact('order.confirmed.v1', { orderId: orderId.toUpperCase() }), context);

    expect(event).toMatchObject({ subject: orderId, data: { orderId } });
  });

  it("cannot announce another service's event", () => {
    expect(() => buildEvent('payment', fact('order.confirmed.v1', { orderId }), context)).toThrow(
      'order.confirmed.v1 belongs to order, not to payment',
    );
  });

  it('cannot send data that does not fit the schema', () => {
    const wrong = () => buildEvent('order', fact('order.confirmed.v1', { orderId: 'seven' }), context);

    expect(wrong).toThrow(ContractViolation);
    expect(wrong).toThrow(/orderId/);
  });

  it('is stopped by the compiler before that', () => {
    // @ts-expect-error a field is missing
    fact('order.cancelled.v1', { orderId });
    // @ts-expect-error the reason is not one of the reasons
    fact('order.cancelled.v1', { orderId, reason: 'bored', declineCode: null });
    // @ts-expect-error no such version
    fact('order.cancelled.v9', { orderId });
    expect.assertions(0);
  });
});

describe('a reader', () => {
  const placed = () => sample('order.placed.v1');

  it.each<[string, Uint8Array, object]>([
    ['a body that is not JSON', bytes('{"id": '), { kind: 'garbage', code: 'not_json' }],
    ['a body that is not UTF-8', new Uint8Array([0xff, 0xfe, 0x00]), { kind: 'garbage', code: 'not_json' }],
    ['an empty body', new Uint8Array(), { kind: 'garbage', code: 'not_json' }],
    ['a body beyond the limit', new Uint8Array(bodyBytesMax + 1), { kind: 'garbage', code: 'too_large' }],
    ['JSON without an envelope', bytes({ hello: 'world' }), { kind: 'garbage', code: 'invalid_envelope' }],
    ['JSON that is no object', bytes('[]'), { kind: 'garbage', code: 'invalid_envelope' }],
    ['a subject that is no id', bytes({ ...placed(), subject: 'x' }), { kind: 'garbage', code: 'invalid_envelope' }],
    [
      'a correlation id that no database can keep',
      bytes({ ...placed(), correlationid: 'a\u0000b' }),
      { kind: 'garbage', code: 'invalid_envelope' },
    ],
    ['a sequence of zero', bytes({ ...placed(), sequence: 0 }), { kind: 'garbage', code: 'invalid_envelope' }],
    [
      'a malformed traceparent',
      bytes({ ...placed(), traceparent: '00-1-2-3' }),
      { kind: 'garbage', code: 'invalid_envelope' },
    ],
    [
      'an event from another source',
      bytes({ ...placed(), source: '/payment' }),
      { kind: 'garbage', code: 'wrong_owner' },
    ],
    [
      'a type nobody owns',
      bytes({ ...placed(), type: 'weather.changed.v1' }),
      { kind: 'garbage', code: 'unknown_type' },
    ],
    [
      'a version not known yet',
      bytes({ ...placed(), type: 'order.placed.v9' }),
      { kind: 'unreadable', code: 'unknown_type' },
    ],
    [
      'data with a missing field',
      bytes({ ...placed(), data: { orderId: placed()['subject'] } }),
      { kind: 'unreadable', code: 'invalid_data' },
    ],
    [
      'a subject that is not the order',
      bytes({ ...placed(), subject: context.id }),
      { kind: 'unreadable', code: 'invalid_data' },
    ],
  ])('answers %s with a reason', (_name, body, expected) => {
    expect(parseEvent(body)).toMatchObject({ ...expected, reason: expect.stringMatching(/.{10,}/) });
  });

  it('tolerates fields it does not know, and does not let them through', () => {
    const body = bytes(JSON.stringify({ ...placed(), data: { ...(placed()['data'] as object), gift: true } }));

    const parsed = parseEvent(body);

    expect(parsed.kind).toBe('event');
    expect(parsed.kind === 'event' && parsed.event.data).not.toHaveProperty('gift');
  });

  it('reads an id in capitals as the same id, wherever it stands', () => {
    const { id, subject, data } = placed() as { id: string; subject: string; data: { orderId: string } };
    const capitals = {
      id: id.toUpperCase(),
      subject: subject.toUpperCase(),
      data: { ...data, orderId: data.orderId.toUpperCase() },
    };
    expect(capitals).not.toMatchObject({ id, subject });

    const expected = parseEvent(bytes(placed()));

    expect(parseEvent(bytes({ ...placed(), ...capitals }))).toEqual(expected);
    // And in some places only: the subject is the order all the same.
    expect(parseEvent(bytes({ ...placed(), data: capitals.data }))).toEqual(expected);
  });

  it('is not polluted by keys that mean something to JavaScript', () => {
    const body = bytes(JSON.stringify(placed()).replace('"customerId"', '"__proto__":{"polluted":true},"customerId"'));

    expect(parseEvent(body).kind).toBe('event');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('survives a body nested a hundred thousand deep', () => {
    expect(parseEvent(bytes('['.repeat(100_000) + ']'.repeat(100_000))).kind).toBe('garbage');
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (body) => void parseEvent(body)));
    fc.assert(fc.property(fc.json(), (json) => void parseEvent(bytes(json))));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(placed())), fc.jsonValue(), (field, value) => {
        expect(['event', 'unreadable', 'garbage']).toContain(parseEvent(bytes({ ...placed(), [field]: value })).kind);
      }),
    );
  });
});
