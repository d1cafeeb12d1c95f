import { expect, it } from '@jest/globals';
import { checkpointPauseMs } from './relay.js';

it.each([
  ['is short while writing is quick', 0.3, 250],
  ['keeps writing to a tenth of the time when it has become slow', 60, 600],
  ['never endangers the lease', 900, 1_667],
])('the pause after a checkpoint %s', (_when, tookMs, pauseMs) => {
  expect(Math.round(checkpointPauseMs(tookMs, 5_000))).toBe(pauseMs);
});
