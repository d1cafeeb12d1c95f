import { perService, tables, writePartitionCount } from '@quadrille/cluster';
import { services } from '@quadrille/contracts';
import { DataSource } from 'typeorm';
import { Failure, runCommand, say, UsageError } from './command-line/ends.js';
import { helpOf, parse, type Usage } from './command-line/options.js';
import { durationMs, oneOf, positiveNumber, required } from './command-line/values.js';
import { changePartitions } from './partitions/change-partitions.js';
import { System, systemNote, systemOptions } from './system/system.js';

const partitionsMax = 64;
const goOnMaxMs = 60_000;

const usage: Usage = {
  line: 'partitions -- --service <service> --to <n> [options]',
  summary:
    'Changes the number of partition queues of a service while the system runs: pauses the relays that it hears, lets it\n' +
    'drain, binds its slots to new queues, and lets the relays go on. When it was interrupted, run it again.',
  options: {
    service: { value: 'service', help: `one of ${services.join(', ')}` },
    to: { value: 'n', help: `from 1 to ${partitionsMax}` },
    'drain-max': { value: 'duration', help: 'how long it waits for the service to drain (60s)' },
    data: systemOptions.data,
  },
  notes: [
    'Afterwards the service has to be started anew with PARTITIONS=<n>: until then it hears nothing, and with another number\nit refuses to start. Its HTTP API answers all the while, and the broker keeps what it has to hear.',
    systemNote,
  ],
};

await runCommand('partitions', async (args) => {
  const given = parse(usage, args);
  if (given.has('help')) {
    say(helpOf(usage));
    return 0;
  }
  const [unexpected] = given.positionals;
  if (unexpected !== undefined) throw new UsageError(`${JSON.stringify(unexpected)} is more than is expected here.`);
  const service = oneOf('service', required(given, 'service', 'it names the service to change'), services);
  required(given, 'to', 'it says how many partitions there are to be');
  const to = positiveNumber(given, 'to') ?? 0;
  if (!Number.isInteger(to) || to > partitionsMax)
    throw new UsageError(`--to is a whole number from 1 to ${partitionsMax}, but is ${to}.`);
  const drainMaxMs = durationMs('drain-max', given.text('drain-max') ?? '60s');
  const system = new System(given);
  const { isLocal } = system;
  const databases = perService((name) => databaseOf(system, name));
  const remember = (count: number) => {
    if (isLocal) writePartitionCount(system.directory, service, count);
  };
  try {
    for (const name of services) await connect(name, databases[name]);
    const { amqpUrl } = system;
    const interrupted = untilSignal();
    await changePartitions({
      ...{ service, to, tables, databases, amqpUrl, drainMaxMs, goOnMaxMs, interrupted },
      ...{ tell: say, remember },
    });
  } finally {
    for (const database of Object.values(databases)) if (database.isInitialized) await database.destroy();
  }
  say(
    isLocal
      ? `Now restart ${service}: Ctrl-C and npm start; it will have PARTITIONS=${to}.`
      : `Now restart ${service} with PARTITIONS=${to}, and give the setup step ${service.toUpperCase()}_PARTITIONS=${to} from now on.`,
  );
  return 0;
});

/**
 * A second Ctrl-C ends the process as it is; what was begun, the same command finishes. The others come more than once for one
 * reason: who started this passes on what the whole group was sent.
 */
function untilSignal(): AbortSignal {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  return interruption.signal;
}

/** A database that is silent fails as well: the others' relays do not wait for it. */
function databaseOf(system: System, name: (typeof services)[number]): DataSource {
  const url = system.databaseUrl(name);
  const limits = { connectTimeoutMS: 5_000, extra: { query_timeout: 30_000 } };
  return new DataSource({ type: 'postgres', url, poolSize: 2, installExtensions: false, ...limits });
}

async function connect(name: string, database: DataSource): Promise<void> {
  await database.initialize().catch((error: unknown) => {
    throw new Failure(`The database of ${name} does not answer: ${(error as Error).message}.`, { cause: error });
  });
}
