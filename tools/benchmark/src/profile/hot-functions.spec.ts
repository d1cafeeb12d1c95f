import { expect, it } from '@jest/globals';
import { hotFunctions } from './hot-functions.js';

const frame = (functionName: string, url = 'file:///repo/dist/order/main.mjs') => ({
  functionName,
  url,
  lineNumber: 9,
});

it('adds up what a function spent itself, of the time in which the process was busy', () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)', '') },
      { id: 2, callFrame: frame('parse') },
      { id: 3, callFrame: frame('parse') },
      { id: 4, callFrame: frame('write', '') },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [90_000, 2000, 4000, 2000],
  };
  expect(hotFunctions(profile, 2)).toEqual([
    { name: 'parse', place: 'order/main.mjs:10', selfMs: 6, share: 0.75 },
    { name: 'write', place: 'native', selfMs: 2, share: 0.25 },
  ]);
});
