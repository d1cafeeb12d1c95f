import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogLevel } from './create-logger.js';
import { withTraceContext } from './trace-context.js';

function logged(level: LogLevel = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, logger: createLogger({ service: 'order', level, destination: { write } }) };
}

describe('a log line', () => {
  it('says when, how grave, which service and what', () => {
    const { lines, logger } = logged();
    logger.info({ events: 2 }, 'a round was committed');
    const [line] = lines;
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'info',
      service: 'order',
      events: 2,
      msg: 'a round was committed',
    });
  });

  it('carries the ids of the work it is written in', () => {
    const { lines, logger } = logged();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    withTraceContext({ correlationId: 'c1', causationId: 'm1', traceparent }, () => {
      logger.child({ partition: 3 }).warn({}, 'held');
    });
    expect(lines[0]).toMatchObject({
      partition: 3,
      correlationId: 'c1',
      causationId: 'm1',
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
  });

  it('shows an error with its type and stack', () => {
    const { lines, logger } = logged();
    logger.error({ error: new TypeError('no') }, 'failed');
    expect(lines[0]).toMatchObject({
      error: { type: 'TypeError', message: 'no', stack: expect.stringContaining('at') },
    });
  });

  it('is left out below the level', () => {
    const { lines, logger } = logged('warn');
    logger.info({}, 'a detail');
    expect(lines).toEqual([]);
  });
});
