import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { participants, perService, tables, type PerService } from '@quadrille/cluster';
import type { ServiceName } from '@quadrille/contracts';
import { migrate } from '@quadrille/event-log';
import { declareTopology, partitionQueuesOf } from '@quadrille/messaging';
import { throwAwayBroker, throwAwayDatabase } from '@quadrille/testing';
import { connect, type ConfirmChannel } from 'amqplib';
import { Client } from 'pg';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** The databases and the broker of a system of which no service runs. */
export interface StillWorld {
  readonly amqpUrl: string;
  readonly databaseUrls: PerService<string>;
  query(service: ServiceName, sql: string): Promise<unknown[]>;
  /** The services whose relays are paused. */
  paused(): Promise<ServiceName[]>;
  /** Puts a message where the service, which does not run, would take it; `take` is as if it had done so. */
  give(service?: ServiceName): Promise<void>;
  take(service?: ServiceName): Promise<void>;
  /** Starts a command as it was built; the variables go before the world's. */
  start(command: string, args: readonly string[], variables?: Readonly<Record<string, string>>): RunningCommand;
  end(): Promise<void>;
}

export async function startStillWorld(): Promise<StillWorld> {
  const [broker, ...databases] = await Promise.all([throwAwayBroker(), ...participants.map(() => throwAwayDatabase())]);
  const urlOf = (service: string) => databases[participants.findIndex(({ name }) => name === service)]!.url;
  const databaseUrls = perService(urlOf);
  await Promise.all([
    ...participants.map((participant) => migrate(urlOf(participant.name), participant)),
    declareTopology({ url: broker.url, tables, partitions: 2 }),
  ]);
  const query = async (service: ServiceName, sql: string) => {
    const client = new Client({ connectionString: databaseUrls[service] });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const atQueue = async (service: ServiceName, work: (queue: string, channel: ConfirmChannel) => Promise<unknown>) => {
    const [first] = await partitionQueuesOf(broker.url, service);
    const connection = await connect(broker.url);
    try {
      await work(first!.queue, await connection.createConfirmChannel());
    } finally {
      await connection.close();
    }
  };
  const variables = {
    AMQP_URL: broker.url,
    ...Object.fromEntries(
      Object.entries(databaseUrls).map(([service, url]) => [`${service.toUpperCase()}_DATABASE_URL`, url]),
    ),
  };
  return {
    amqpUrl: broker.url,
    databaseUrls,
    query,
    paused: async () => {
      const isPaused = async (name: ServiceName) => (await query(name, 'select 1 from relay where paused')).length > 0;
      const names = Object.keys(databaseUrls) as ServiceName[];
      const paused = await Promise.all(names.map(isPaused));
      return names.filter((_, index) => paused[index]);
    },
    give: (service = 'inventory') =>
      atQueue(service, async (queue, channel) => {
        channel.sendToQueue(queue, Buffer.from('{}'), { persistent: true });
        await channel.waitForConfirms();
      }),
    take: (service = 'inventory') => atQueue(service, (queue, channel) => channel.purgeQueue(queue)),
    start: (command, args, more) => new RunningCommand(command, args, { ...variables, ...more }),
    end: async () => {
      await Promise.all([broker, ...databases].map((one) => one.drop()));
    },
  };
}

export class RunningCommand {
  stdout = '';
  stderr = '';
  /** The exit code; null after a signal that nobody handled. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;

  constructor(command: string, args: readonly string[], variables: Readonly<Record<string, string>>) {
    const words = [`${dist}${command}.js`, ...args, '--data', '/nowhere'];
    const { PATH = '' } = process.env;
    this.child = spawn(process.execPath, words, { env: { PATH, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  async says(text: string): Promise<void> {
    for (const end = Date.now() + 60_000; !this.stdout.includes(text); await delay(50))
      if (Date.now() > end || this.child.exitCode !== null)
        throw new Error(`it does not say ${JSON.stringify(text)}:\n${this.stdout}${this.stderr}`);
  }

  /** As a terminal that is closed, or a reader that has read enough. */
  stopReading(): void {
    this.child.stdout.destroy();
    this.child.stderr.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
