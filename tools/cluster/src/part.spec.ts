import { describe, expect, test } from '@jest/globals';
import { Part, type RunningPart } from './part.js';

describe('a part of the cluster', () => {
  test('starts once, stops, and starts again', async () => {
    const { part, launches } = fakePart();
    await part.start();
    await part.start();
    expect(launches).toHaveLength(1);
    expect(part.pid).toBe(1);
    await part.stop();
    await part.stop();
    expect(part.pid).toBeUndefined();
    await part.start();
    expect(part.pid).toBe(2);
  });

  test('that is killed stays away when nobody supervises it', async () => {
    const { part, launches } = fakePart();
    await part.start();
    await part.kill();
    expect(part.pid).toBeUndefined();
    expect(launches).toHaveLength(1);
  });

  test('that ends by itself is started again by its supervisor, also when the first attempt fails', async () => {
    const notices: string[] = [];
    const { part, launches, failNext } = fakePart((notice) => notices.push(notice));
    await part.start();
    failNext();
    launches[0]?.end();
    await until(() => part.pid === 3);
    expect(notices).toEqual([
      'part ended by itself and is started again in 0.5 s',
      'no launch',
      'part ended by itself and is started again in 1 s',
      'part is back',
    ]);
    await part.stop();
    expect(part.pid).toBeUndefined();
  });

  test('that is stopped while it waits to come back does not come back', async () => {
    const { part, launches } = fakePart(() => undefined);
    await part.start();
    launches[0]?.end();
    await until(() => part.pid === undefined);
    await part.stop();
    expect(launches).toHaveLength(1);
  });

  test('that is stopped while it starts is stopped once it has started', async () => {
    const { part } = fakePart();
    const starting = part.start();
    await part.stop();
    await starting;
    expect(part.pid).toBeUndefined();
  });
});

function fakePart(supervisor?: (notice: string) => void) {
  const launches: (RunningPart & { end(): void })[] = [];
  let failing = false;
  let pid = 0;
  const launch = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    pid++;
    if (failing) {
      failing = false;
      throw new Error('no launch');
    }
    let end: () => void = () => undefined;
    const exited = new Promise<void>((resolve) => (end = resolve));
    const gone = async () => {
      end();
      await exited;
    };
    const running = { pid, exited, end, stop: gone, kill: gone, freeze: () => undefined, thaw: () => undefined };
    launches.push(running);
    return running;
  };
  return { part: new Part({ name: 'part', launch, supervisor }), launches, failNext: () => (failing = true) };
}

async function until(fact: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!fact()) {
    if (Date.now() > end) throw new Error(`Not so within 30 s: ${fact.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
