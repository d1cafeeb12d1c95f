import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { perService, tables, type PerService } from '@quadrille/cluster';
import { partitionQueuesOf } from '@quadrille/messaging';
import { throwAwayBroker } from '@quadrille/testing';
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

function start(variables: Readonly<Record<string, string>>, ...args: string[]): RunningCommand {
  const command = world.start('partitions', ['--service', 'inventory', ...args], variables);
  started.push(command);
  return command;
}

const partitions = async (service = 'inventory') =>
  new Set((await partitionQueuesOf(world.amqpUrl, service)).map((queue) => queue.partitions));

describe('a change of partitions', () => {
  it.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)(
    'that %s interrupts lets the relays go on, and changes nothing',
    async (signal) => {
      await world.give();
      const command = start({}, '--to', '3');
      await command.says('are paused');
      expect(await world.paused()).toEqual(['order']);
      command.kill(signal);
      expect([await command.ended, command.stderr]).toEqual([1, 'partitions: Interrupted: nothing was changed.\n']);
      expect(await world.paused()).toEqual([]);
      expect(await partitions()).toEqual(new Set([2]));
      await world.take();
    },
  );

  it('whose terminal is closed, which says so more than once, lets the relays go on', async () => {
    await world.give();
    const command = start({}, '--to', '3');
    await command.says('are paused');
    command.stopReading();
    const hangUp = setInterval(() => command.kill('SIGHUP'), 1);
    await command.ended.finally(() => clearInterval(hangUp));
    expect(await world.paused()).toEqual([]);
    await world.take();
  });

  it('whose reader has read enough comes to its end all the same', async () => {
    await world.give();
    const command = start({}, '--to', '3');
    await command.says('are paused');
    command.stopReading();
    await world.take();
    expect(await command.ended).toBe(0);
    expect(await world.paused()).toEqual([]);
    expect(await partitions()).toEqual(new Set([3]));
  });
});

describe('a broker', () => {
  it('that has no queues of the service is another one, and nothing is changed', async () => {
    const other = await throwAwayBroker();
    const command = start({ AMQP_URL: other.url }, '--to', '3');
    const code = await command.ended;
    await other.drop();
    expect([code, command.stdout]).toEqual([1, '']);
    expect(command.stderr).toMatch(
      /^partitions: The broker at [^\s@]+ has no queues of inventory: is AMQP_URL right, and has the setup step run\? Nothing was changed\.\n$/,
    );
  });

  it('that does not answer is told in one sentence', async () => {
    const command = start({ AMQP_URL: 'amqp://127.0.0.1:1/none' }, '--to', '3');
    expect([await command.ended, command.stderr]).toEqual([
      ...[
        1,
        expect.stringMatching(/^partitions: The broker at 127\.0\.0\.1:1\/none does not answer: .*ECONNREFUSED.*\n$/),
      ],
    ]);
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
    await world.query('payment', 'drop function if exists refuse() cascade; drop sequence if exists refusals');
  });

  const change = (more: Partial<PartitionChange>) =>
    changePartitions({
      ...{ service: 'order', to: 3, tables, databases, amqpUrl: world.amqpUrl, drainMaxMs: 30_000 },
      ...{ goOnMaxMs: 30_000, interrupted: new AbortController().signal, remember: () => undefined },
      ...{ tell: (step: string) => told.push(step), ...more },
    });

  /** As a database that fails to do so, so many times. */
  const refuseToGoOn = (times: number) =>
    world.query(
      'payment',
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
    await change({ to: 3 });
    expect(told).toContain('The relays of payment cannot be told to go on yet, which is tried again: not now.');
    expect([await world.paused(), await partitions('order')]).toEqual([[], new Set([3])]);
  });

  it('are named, with what had failed first, and the others are told', async () => {
    await refuseToGoOn(1_000_000);
    await world.query('order', `insert into partition_lease (partition, owner) values (0, 'npm run partitions')`);
    await world.give('order');
    await expect(change({ to: 4, drainMaxMs: 0, goOnMaxMs: 0 })).rejects.toThrow(
      /^order did not drain .* The relays of payment could not be told to go on and stay paused until they are: not now\. The same command, run again, lets them go on\.$/,
    );
    expect(await world.paused()).toEqual(['payment']);
    expect(await world.query('order', 'select owner from partition_lease')).toEqual([{ owner: null }]);
  });

  it('go on by the same command', async () => {
    expect(await world.paused()).toEqual(['payment']);
    await world.take('order');
    await change({ to: 4 });
    expect([await world.paused(), await partitions('order')]).toEqual([[], new Set([4])]);
  });
});
