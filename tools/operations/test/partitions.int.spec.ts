import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { perService, tables, type PerService } from '@quadrille/cluster';
import { partitionQueuesOf } from '@quadrille/messaging';
import { DataSource } from 'typeorm';
import { changePartitions, type PartitionChange } from '../src/partitions/change-partitions.js';
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

describe('relays that cannot be told to go on', () => {
  let databases: PerService<DataSource>;
  const told: string[] = [];

  beforeAll(async () => {
    databases = perService((name) => new DataSource({ type: 'postgres', url: world.databaseUrls[name] }));
    for (const database of Object.values(databases)) await database.initialize();
  });
  afterAll(async () => {
    for (const database of Object.values(databases)) await database.destroy();
  });
  afterEach(async () => {
    await world.query('order', 'drop function if exists refuse() cascade; drop sequence if exists refusals');
  });

  const change = (more: Partial<PartitionChange>) =>
    changePartitions({
      ...{ service: 'inventory', to: 4, tables, databases, amqpUrl: world.amqpUrl, drainMaxMs: 30_000 },
      ...{ goOnMaxMs: 30_000, interrupted: new AbortController().signal, remember: () => undefined },
      ...{ tell: (step: string) => told.push(step), ...more },
    });

  /** As a database that fails to do so, so many times. */
  const refuseToGoOn = (times: number) =>
    world.query(
      'order',
      `create sequence refusals;
       create function refuse() returns trigger language plpgsql as $$
         begin
           if nextval('refusals') <= ${times} then raise exception 'not now'; end if;
           return new;
         end $$;
       create trigger refuse before update on relay for each row when (old.paused and not new.paused)
         execute function refuse()`,
    );

  it('are told again', async () => {
    await refuseToGoOn(3);
    await change({ to: 4 });
    expect(told).toContain('The relays of order cannot be told to go on yet, which is tried again: not now.');
    expect([await world.paused(), await partitions()]).toEqual([[], new Set([4])]);
  });

  it('are named, with what had failed first, and the others are told', async () => {
    await refuseToGoOn(1_000_000);
    await world.query('inventory', `insert into partition_lease (partition, owner) values (0, 'npm run partitions')`);
    await world.give();
    await expect(change({ to: 5, drainMaxMs: 0, goOnMaxMs: 0 })).rejects.toThrow(
      /^inventory did not drain .* The relays of order could not be told to go on and stay paused until they are: not now\. The same command, run again, lets them go on\.$/,
    );
    expect(await world.paused()).toEqual(['order']);
    expect(await world.query('inventory', 'select owner from partition_lease')).toEqual([{ owner: null }]);
  });

  it('go on by the same command', async () => {
    expect(await world.paused()).toEqual(['order']);
    await world.take();
    await change({ to: 5 });
    expect([await world.paused(), await partitions()]).toEqual([[], new Set([5])]);
  });
});
