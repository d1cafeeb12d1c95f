import { describe, expect, it } from '@jest/globals';
import { currentCause, formatTraceparent, parseTraceparent, withTraceContext } from './trace-context.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('a traceparent header', () => {
  it('reads back as it was written', () => {
    const parent = { traceId, spanId, sampled: true };
    expect(formatTraceparent(parent)).toBe(`00-${traceId}-${spanId}-01`);
    expect(parseTraceparent(formatTraceparent(parent))).toEqual(parent);
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)).toEqual({ ...parent, sampled: false });
  });

  it('is read by its first four fields when its version is a later one', () => {
    expect(parseTraceparent(`01-${traceId}-${spanId}-01-what-comes-then`)).toEqual({ traceId, spanId, sampled: true });
  });

  it.each([
    ['empty', ''],
    ['a forbidden version', `ff-${traceId}-${spanId}-01`],
    ['an empty trace id', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['an empty span id', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capital letters', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['too long for version 00', `00-${traceId}-${spanId}-01-more`],
    ['cut off', `00-${traceId}-${spanId}`],
  ])('is refused when it is %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});

describe('the present cause', () => {
  it('follows the work across awaits, and is gone outside', async () => {
    const cause = { correlationId: 'c1', causationId: 'm1' };
    const seen = await withTraceContext(cause, async () => {
      await new Promise(setImmediate);
      return currentCause();
    });
    expect(seen).toBe(cause);
    expect(currentCause()).toBeUndefined();
  });
});
