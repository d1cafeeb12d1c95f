import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { catalogue, type PublicEventType } from './catalogue.js';
import { parseEvent, type PublicEvent } from './envelope.js';
import { isRetryableDecline } from './payment-events.js';
import { oldTypes, upcast } from './upcast.js';

function sample<Type extends PublicEventType>(type: Type): PublicEvent<Type> {
  const body = readFileSync(new URL(`../samples/${type}.json`, import.meta.url));
  return JSON.parse(body.toString()) as PublicEvent<Type>;
}

const encoded = (event: PublicEvent) => new TextEncoder().encode(JSON.stringify(event));

describe('an event of an old version', () => {
  it.each(oldTypes)('%s, as it was sent, reads like the newest version of the same fact', (type) => {
    const newest: PublicEvent = upcast(sample(type));

    expect(newest).toEqual(sample(newest.type));
    expect(parseEvent(encoded(newest))).toEqual({ kind: 'event', event: newest });
  });

  it('keeps everything that it said', () => {
    const old = sample('payment.declined.v1');

    expect(upcast(old)).toMatchObject({ ...old, type: 'payment.declined.v2', dataschema: expect.any(String) });
  });

  it('is known for every version but the newest, one step each', () => {
    const newestOf = new Map<string, number>();
    const name = (type: string) => type.replace(/\.v\d+$/, '');
    for (const { type, version } of catalogue)
      newestOf.set(name(type), Math.max(version, newestOf.get(name(type)) ?? 0));

    const older = catalogue.filter(({ type, version }) => version < (newestOf.get(name(type)) ?? 0));
    expect([...oldTypes].sort()).toEqual(older.map(({ type }) => type).sort());
  });
});

describe('an event of the newest version', () => {
  it.each(catalogue.map(({ type }) => type).filter((type) => !(oldTypes as readonly string[]).includes(type)))(
    '%s comes back as it is',
    (type) => {
      const event = sample(type);

      expect(upcast(event)).toBe(event);
    },
  );
});

describe('a decline', () => {
  it.each([
    ['insufficient_funds', true],
    ['expired_card', true],
    ['a_code_of_tomorrow', true],
    ['stolen_card', false],
    ['fraudulent', false],
  ])('for %s may be mended by another payment method: %s', (code, retryable) => {
    expect(isRetryableDecline(code)).toBe(retryable);
  });
});
