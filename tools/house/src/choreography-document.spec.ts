import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { choreographyDocument, disagreements, type Part } from './choreography-document.js';
import { parts } from './parts.js';

const without = (service: string, change: (part: Part) => Part) =>
  parts.map((part) => (part.service === service ? change(part) : part));

describe('docs/choreography.md', () => {
  it('is what the choreography tables say today (else: npm run docs:choreography)', () => {
    const checkedIn = readFileSync(new URL('../../../docs/choreography.md', import.meta.url), 'utf8');

    expect(checkedIn).toBe(choreographyDocument(parts));
  });
});

describe('the choreography tables', () => {
  it('agree with the catalogue and with each other', () => {
    expect(disagreements(parts)).toEqual([]);
  });

  it('are caught when an event loses its only listener', () => {
    const deaf = without('inventory', (part) => ({
      ...part,
      reactsTo: { ...part.reactsTo, 'order.confirmed.v1': undefined },
    }));

    expect(disagreements(deaf)).toEqual(['order.confirmed.v1 has no listener']);
  });

  it('are caught when a listener waits for what nobody announces', () => {
    const mute = without('payment', (part) => ({
      ...part,
      announces: part.announces.filter((type) => type !== 'payment.captured.v1'),
    }));

    expect(disagreements(mute)).toEqual(['payment.captured.v1 has no announcer']);
  });

  it("are caught when one announces another's event", () => {
    const usurper = without('payment', (part) => ({ ...part, announces: [...part.announces, 'order.confirmed.v1'] }));

    expect(disagreements(usurper)).toEqual(['payment announces order.confirmed.v1, which belongs to order']);
  });

  it('are caught when one defers what it does not hear', () => {
    const idle = without('inventory', (part) => ({ ...part, deferrable: ['payment.captured.v1'] }));

    expect(disagreements(idle)).toEqual(['inventory defers payment.captured.v1, which it does not hear']);
  });
});
