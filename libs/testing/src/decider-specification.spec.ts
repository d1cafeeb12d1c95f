import { describe, expect, it } from '@jest/globals';
import { Refusal, type Decider } from '@quadrille/contracts';
import { deciderSpecification } from './decider-specification.js';

interface Counted {
  readonly type: 'counted';
  readonly by: number;
}
type Count = Decider<number, { readonly total: number }, Counted>;

const counter: Count = {
  initial: { total: 0 },
  streamOf: () => 'count-1',
  decide: (by) => (by < 0 ? new Refusal('negative', 'Counts only go up.') : by === 0 ? [] : [{ type: 'counted', by }]),
  evolve: ({ total }, { by }) => ({ total: total + by }),
};

const counted = (by: number): Counted => ({ type: 'counted', by });

describe('the specification of a decider', () => {
  const given = deciderSpecification(counter);

  it('folds what was given into the state', () => {
    expect(given(counted(2), counted(3)).state).toEqual({ total: 5 });
  });

  it('accepts exactly the events that were decided', () => {
    given(counted(2)).when(3).then(counted(3));
    given().when(0).thenNothing();
    given().when(-1).thenRefused('negative');
  });

  it.each([
    ['other events', () => given().when(3).then(counted(4))],
    ['one event too many', () => given().when(3).then(counted(3), counted(3))],
    ['nothing where something was decided', () => given().when(3).thenNothing()],
    ['a refusal where something was decided', () => given().when(3).thenRefused('negative')],
    ['a refusal with another code', () => given().when(-1).thenRefused('too_many')],
    ['events where it was refused', () => given().when(-1).then(counted(-1))],
  ])('fails on %s', (_what, claim) => {
    expect(claim).toThrow();
  });

  it('fails on a decider that decides differently the second time', () => {
    let calls = 0;
    const fickle: Count = { ...counter, decide: () => [counted((calls += 1))] };

    expect(() => deciderSpecification(fickle)().when(1)).toThrow();
  });

  it('fails on a decider that changes the state it was given', () => {
    const state = { total: 0 };
    const untidy: Count = { ...counter, initial: state, decide: (by) => ((state.total = by), []) };

    expect(() => deciderSpecification(untidy)().when(1)).toThrow();
  });

  it('fails on a decision that its own state cannot take', () => {
    const impossible: Count = {
      ...counter,
      evolve: () => {
        throw new Error('This cannot happen.');
      },
    };

    expect(() => deciderSpecification(impossible)().when(1)).toThrow('This cannot happen.');
  });
});
