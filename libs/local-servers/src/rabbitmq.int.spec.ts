import { afterAll, describe, expect, test } from '@jest/globals';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { throwAwayDirectory } from '../test/throw-away-directory.js';
import { DirectoryInUse } from './directory-lock.js';
import { isRunning, processTree } from './process-table.js';
import { type LocalRabbitMq, startRabbitMq } from './rabbitmq.js';

const root = throwAwayDirectory();

// One long story, since every start of a broker takes seconds.
describe('a private RabbitMQ', () => {
  /** By name: two that start together are ready in any order. */
  const brokers = new Map<string, LocalRabbitMq>();
  const start = async (name: string) => {
    const broker = await startRabbitMq({ directory: join(root, name) });
    brokers.set(name, broker);
    return broker;
  };
  afterAll(() => Promise.all([...brokers.values()].map((broker) => broker.kill('SIGKILL'))));

  test('starts beside another one with the same node name', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')]);
    expect(one.port).not.toBe(two.port);
    await admin(one, 'PUT', '/api/vhosts/only-here');
    expect(await vhosts(one)).toContain('only-here');
    expect(await vhosts(two)).not.toContain('only-here');
    await expect(startRabbitMq({ directory: join(root, 'one') })).rejects.toThrow(DirectoryInUse);
  }, 120_000);

  test('takes orders from its own rabbitmqctl', async () => {
    const one = brokers.get('one')!;
    expect(await one.ctl('-q', 'list_vhosts')).toContain('only-here');
  }, 120_000);

  test('leaves half of the processors to those who share the machine', async () => {
    const schedulers = await brokers.get('one')!.ctl('-q', 'eval', 'erlang:system_info(schedulers).');
    expect(Number(schedulers)).toBe(Math.max(1, Math.floor(availableParallelism() / 2)));
  }, 120_000);

  test('ends in good order and leaves no process', async () => {
    const one = brokers.get('one')!;
    const tree = processTree(one.pid);
    await one.stop();
    expect(tree.filter(isRunning)).toEqual([]);
    await expect(fetch(one.adminUrl.replace(/\/\/.*@/, '//'))).rejects.toThrow();
  }, 120_000);

  test('keeps its data from one start to the next', async () => {
    expect(await vhosts(await start('one'))).toContain('only-here');
  }, 120_000);

  test('is gone at once when it is killed', async () => {
    const two = brokers.get('two')!;
    const tree = processTree(two.pid);
    await two.kill('SIGKILL');
    expect(tree.filter(isRunning)).toEqual([]);
    await two.exited;
  });
});

async function vhosts(broker: LocalRabbitMq): Promise<string[]> {
  const list = (await (await admin(broker, 'GET', '/api/vhosts')).json()) as { name: string }[];
  return list.map(({ name }) => name);
}

async function admin(broker: LocalRabbitMq, method: string, path: string): Promise<Response> {
  const { origin, username, password } = new URL(broker.adminUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(`${origin}${path}`, { method, headers: { authorization } });
  expect(response.ok).toBe(true);
  return response;
}
