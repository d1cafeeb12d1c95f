import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionQueuesOf } from '@quadrille/messaging';
import { startStillWorld, type RunningCommand, type StillWorld } from './still-world.js';

let world: StillWorld;
const started: RunningCommand[] = [];

beforeAll(async () => {
  world = await startStillWorld();
}, 120_000);
afterEach(() => {
  // Also those of a test that failed half way.
  for (const command of started.splice(0)) command.kill('SIGKILL');
});
afterAll(() => (world as StillWorld | undefined)?.end());

function start(...args: string[]): RunningCommand {
  const command = world.start('partitions', '--service', 'inventory', ...args);
  started.push(command);
  return command;
}

const partitions = async () =>
  new Set((await partitionQueuesOf(world.amqpUrl, 'inventory')).map((queue) => queue.partitions));

describe('a change of partitions', () => {
  it.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)(
    'that %s interrupts lets the relays go on, and changes nothing',
    async (signal) => {
      await world.give();
      const command = start('--to', '3');
      await command.says('are paused');
      expect(await world.paused()).toEqual(['order', 'payment']);
      command.kill(signal);
      expect([await command.ended, command.stderr]).toEqual([1, 'partitions: Interrupted: nothing was changed.\n']);
      expect(await world.paused()).toEqual([]);
      expect(await partitions()).toEqual(new Set([2]));
      await world.take();
    },
  );

  it('whose terminal is closed, which says so more than once, lets the relays go on', async () => {
    await world.give();
    const command = start('--to', '3');
    await command.says('are paused');
    command.stopReading();
    const hangUp = setInterval(() => command.kill('SIGHUP'), 1);
    expect(await command.ended).toBe(1);
    clearInterval(hangUp);
    expect(await world.paused()).toEqual([]);
    await world.take();
  });

  it('whose reader has read enough comes to its end all the same', async () => {
    await world.give();
    const command = start('--to', '3');
    await command.says('are paused');
    command.stopReading();
    await world.take();
    expect(await command.ended).toBe(0);
    expect(await world.paused()).toEqual([]);
    expect(await partitions()).toEqual(new Set([3]));
  });
});
