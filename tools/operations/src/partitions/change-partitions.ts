import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@quadrille/contracts';
import {
  holdPartitions,
  pauseRelays,
  reassignHeldMessages,
  releasePartitions,
  resumeRelays,
} from '@quadrille/event-log';
import { declareTopology, partitionQueuesOf, type PartitionQueueState, type ServiceTable } from '@quadrille/messaging';
import type { DataSource } from 'typeorm';
import { Failure } from '../command-line/ends.js';

export interface PartitionChange {
  readonly service: ServiceName;
  readonly to: number;
  /** Of all services. */
  readonly tables: readonly ServiceTable[];
  readonly databases: Readonly<Record<ServiceName, DataSource>>;
  /** Of somebody who may declare queues. */
  readonly amqpUrl: string;
  readonly drainMaxMs: number;
  /** How long it is tried to let the relays go on. */
  readonly goOnMaxMs: number;
  /** Ends the wait in good order: the relays go on, and nothing was changed. */
  readonly interrupted: AbortSignal;
  /** Told what is done, step by step. */
  readonly tell: (step: string) => void;
  /** Writes the number down where the service's next start finds it, before events flow again. */
  readonly remember: (partitions: number) => void;
}

const owner = 'npm run partitions';
/** The partitions are free again so soon when this process is killed. */
const holdMs = 15_000;
const askAgainMs = 200;

/**
 * Changes the number of a service's partitions while the system runs. The relays of all that it hears are paused, and their
 * logs absorb; the service drains its queues; its partitions are taken away from its replicas; the slots are bound to new
 * queues; and the relays go on. Nothing is lost or out of order wherever it is killed: then the same command finishes it.
 */
export async function changePartitions(change: PartitionChange): Promise<void> {
  const { service, tables, tell } = change;
  const heard = tables.find((table) => table.service === service)?.hears ?? [];
  const heardFrom = tables.filter(({ announces }) => announces.some((type) => heard.includes(type)));
  const publishers = heardFrom.map((table) => table.service as ServiceName);
  await findQueues(change);
  const [changed] = await Promise.allSettled([whilePaused(change, publishers)]);
  const left = await letGoOn(change, publishers);
  if (left.length > 0) {
    const first = changed.status === 'rejected' ? [sentenceOf(changed.reason)] : [];
    throw new Failure([...first, ...left, 'The same command, run again, lets them go on.'].join(' '));
  }
  tell('The relays go on.');
  if (changed.status === 'rejected') throw changed.reason;
}

/** A broker without queues of the service is another one: there, everything is drained. */
async function findQueues({ service, amqpUrl }: PartitionChange): Promise<void> {
  const { host, pathname } = new URL(amqpUrl);
  const queues = await partitionQueuesOf(amqpUrl, service).catch((error: unknown) => {
    throw new Failure(`The broker at ${host}${pathname} does not answer: ${reasonOf(error)}. Nothing was changed.`);
  });
  if (queues.length > 0) return;
  throw new Failure(
    `The broker at ${host}${pathname} has no queues of ${service}: is AMQP_URL right, and has the setup step run? Nothing was changed.`,
  );
}

async function whilePaused(change: PartitionChange, publishers: readonly ServiceName[]): Promise<void> {
  const { service, to, tables, databases, tell, remember } = change;
  // All of them, also when one fails: a pause that is still under way would undo that they go on.
  const pauses = await Promise.allSettled(publishers.map((name) => pauseRelays(databases[name])));
  for (const [index, pause] of pauses.entries())
    if (pause.status === 'rejected')
      throw new Failure(
        `The relays of ${publishers[index]} could not be paused: ${reasonOf(pause.reason)}. Nothing was changed.`,
        { cause: pause.reason },
      );
  tell(`The relays of ${publishers.join(' and ')} are paused; their logs absorb.`);
  await drain(change);
  tell(`${service} has drained its queues, and nobody consumes them.`);
  await withHeldPartitions(databases[service], async () => {
    await declareTopology({
      url: change.amqpUrl,
      tables: tables.filter((table) => table.service === service),
      partitions: to,
    });
    await reassignHeldMessages(databases[service], to);
  });
  remember(to);
  tell(`The 64 slots of ${service} are bound to ${to} queues.`);
}

/** Answers with a sentence for each whose relays could not be told, although that was tried again for a while. */
async function letGoOn(change: PartitionChange, publishers: readonly ServiceName[]): Promise<string[]> {
  const { service, databases, goOnMaxMs, tell } = change;
  const end = Date.now() + goOnMaxMs;
  const [problems] = await Promise.all([
    Promise.all(
      publishers.map(async (name) => {
        const reason = await insist(
          end,
          () => resumeRelays(databases[name]),
          (first) => tell(`The relays of ${name} cannot be told to go on yet, which is tried again: ${first}.`),
        );
        return reason === undefined
          ? []
          : [`The relays of ${name} could not be told to go on and stay paused until they are: ${reason}.`];
      }),
    ),
    // What cannot be given back is free when its time is over.
    insist(end, () => releasePartitions(databases[service], owner)),
  ]);
  return problems.flat();
}

/** Undefined as soon as it is done; the last reason against it when the time is over. */
async function insist(
  end: number,
  work: () => Promise<void>,
  failing?: (reason: string) => void,
): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (Date.now() >= end) return reasonOf(error);
      if (tries === 1) failing?.(reasonOf(error));
    }
    await delay(askAgainMs);
  }
}

/** Resolves when the queues of another number are empty and no replica can take from them; the partitions are held then. */
async function drain({ service, to, databases, amqpUrl, drainMaxMs, interrupted }: PartitionChange): Promise<void> {
  const end = Date.now() + drainMaxMs;
  const database = databases[service];
  for (;;) {
    const open = await formerQueues(amqpUrl, service, to);
    if (open.length === 0) return holdPartitions(database, owner, holdMs);
    if (messagesIn(open) === 0) {
      // What a replica has taken and not acknowledged comes back to its queue when it loses the partition.
      await holdPartitions(database, owner, holdMs);
      if (await isLeftEmpty(amqpUrl, service, to)) return holdPartitions(database, owner, holdMs);
      await releasePartitions(database, owner);
    }
    if (interrupted.aborted) throw new Failure('Interrupted: nothing was changed.');
    if (Date.now() > end) throw new Failure(notDrained(service, open, drainMaxMs));
    await delay(askAgainMs);
  }
}

/** Waits for the last consumer to go, and says whether nothing came back with it. */
async function isLeftEmpty(amqpUrl: string, service: ServiceName, to: number): Promise<boolean> {
  for (const end = Date.now() + holdMs / 2; Date.now() < end; await delay(askAgainMs)) {
    const queues = await formerQueues(amqpUrl, service, to);
    if (queues.every(({ consumers }) => consumers === 0)) return messagesIn(queues) === 0;
  }
  return false;
}

/** Keeps the partitions for as long as the work takes. */
async function withHeldPartitions(database: DataSource, work: () => Promise<void>): Promise<void> {
  let failure: unknown;
  const renewal = setInterval(() => {
    holdPartitions(database, owner, holdMs).catch((error: unknown) => (failure = error));
  }, holdMs / 3);
  try {
    await work();
  } finally {
    clearInterval(renewal);
  }
  if (failure) throw failure;
}

async function formerQueues(amqpUrl: string, service: ServiceName, to: number): Promise<PartitionQueueState[]> {
  return (await partitionQueuesOf(amqpUrl, service)).filter(({ partitions }) => partitions !== to);
}

function messagesIn(queues: readonly PartitionQueueState[]): number {
  return queues.reduce((sum, { ready }) => sum + ready, 0);
}

function notDrained(service: ServiceName, open: readonly PartitionQueueState[], drainMaxMs: number): string {
  const full = open
    .filter(({ ready, consumers }) => ready + consumers > 0)
    .map(({ queue, ready }) => `${queue} (${ready})`);
  return `${service} did not drain its queues within ${drainMaxMs / 1000} s: ${full.join(', ')}. Nothing was changed: see that it runs and consumes, and try again.`;
}

function sentenceOf(error: unknown): string {
  return error instanceof Failure ? error.message : `${reasonOf(error)}.`;
}

/** A name with several addresses fails with one error for each, and with a code alone above them. */
function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message || String(code);
}
