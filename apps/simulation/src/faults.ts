import type { Random } from './random.js';

/** What the adversary does, by name (`--faults`), with the chance per opportunity when it does so eagerly. */
export const faults = {
  duplicate: { chance: 0.5, meaning: 'a message arrives more than once' },
  reorder: { chance: 1, meaning: 'messages arrive in any order, within streams too' },
  delay: { chance: 0.3, meaning: 'a message is held back until everybody has forgotten it' },
  stray: { chance: 0.2, meaning: 'something is said about an order that nobody placed, or an intent that nobody made' },
  crash: {
    chance: 0.6,
    meaning: 'a replica dies between any two steps of a round, and what it had not committed is lost',
  },
  takeover: { chance: 0.5, meaning: 'a replica loses its lease while it works, and its messages go to another' },
  unconfirmed: { chance: 0.3, meaning: 'a publish is not confirmed, and is done again' },
  forget: { chance: 0.3, meaning: 'the inbox, or the provider for its keys, forgets before the last copy came' },
  'early-deadline': { chance: 0.3, meaning: 'a deadline fires before its time' },
  'late-deadline': { chance: 0.9, meaning: 'a deadline that is due does not fire for long' },
  'lost-answer': { chance: 0.4, meaning: 'the provider did it, and its answer is lost' },
  'late-landing': { chance: 0.4, meaning: 'a call that was given up reaches the provider much later' },
  'provider-error': { chance: 0.4, meaning: 'the provider answers 5xx and does nothing' },
  outage: { chance: 0.5, meaning: 'the provider cannot be reached until the last deadline has passed' },
  webhook: { chance: 0.7, meaning: 'webhooks come late, twice and in any order; without this fault they never come' },
  reversal: { chance: 0.6, meaning: 'the provider cancels by itself, or captures what it had declined or cancelled' },
  'refund-failure': { chance: 0.6, meaning: 'a refund that had succeeded fails, and a person refunds another way' },
  cancel: { chance: 0.4, meaning: 'the customer cancels, at any moment' },
  'lost-request': { chance: 0.3, meaning: 'the caller does not hear the answer, and asks again' },
  'hot-sku': { chance: 1, meaning: 'many buyers, few pieces' },
} as const;

export type Fault = keyof typeof faults;
export const allFaults = Object.keys(faults) as Fault[];

/**
 * How eager each fault is in one run. Every run draws its own mix, from calm to frantic: bugs that hide in constant noise
 * show in a run where only one thing goes wrong, and the other way round.
 */
export class Adversary {
  private readonly eagerness = new Map<Fault, number>();

  constructor(
    private readonly random: Random,
    enabled: ReadonlySet<Fault>,
  ) {
    for (const fault of allFaults) {
      // The draw happens for disabled faults too, so that disabling one does not change the mix of the others.
      const draw = random.pick([0, 0.15, 1]);
      this.eagerness.set(fault, enabled.has(fault) ? draw * faults[fault].chance : 0);
    }
  }

  does(fault: Fault): boolean {
    return this.random.chance(this.eagerness.get(fault) ?? 0);
  }

  /** From here on nothing goes wrong any more, so that the dust can settle. */
  retire(): void {
    this.eagerness.clear();
  }
}
