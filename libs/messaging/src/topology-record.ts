import type { ConfirmChannel, GetMessage } from 'amqplib';
import { topologyRecordQueue } from './names.js';
import { lastingQueue } from './queue-arguments.js';
import type { DeclaredService } from './service-topology.js';

/** A service as a setup step left it. */
export interface RecordedService extends DeclaredService {
  /** The seals that this setup step made; none before there were any. */
  readonly seals: readonly string[];
}

/** What former setup steps declared: the broker cannot be asked for its bindings, so it keeps this note of them. */
export interface TopologyRecord {
  /** A service is named twice when a setup step ended halfway: then both may be there. */
  readonly services: readonly RecordedService[];
  readonly messages: readonly GetMessage[];
}

/** Takes the record out, unacknowledged: it comes back when the setup step does not reach its end. */
export async function takeRecord(channel: ConfirmChannel): Promise<TopologyRecord> {
  await channel.assertQueue(topologyRecordQueue, lastingQueue);
  const messages: GetMessage[] = [];
  for (let message = await channel.get(topologyRecordQueue); message; message = await channel.get(topologyRecordQueue))
    messages.push(message);
  return { messages, services: messages.flatMap(({ content }) => parseRecord(content)) };
}

/** Only once the new record is confirmed does the former one go. */
export async function replaceRecord(
  channel: ConfirmChannel,
  former: TopologyRecord,
  services: readonly RecordedService[],
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ services }));
  channel.sendToQueue(topologyRecordQueue, body, {
    persistent: true,
    mandatory: true,
    contentType: 'application/json',
  });
  await channel.waitForConfirms();
  for (const message of former.messages) channel.ack(message);
}

function parseRecord(content: Buffer): RecordedService[] {
  const record: unknown = JSON.parse(content.toString());
  if (isObject(record) && Array.isArray(record['services']) && record['services'].every(isDeclaredService))
    return record['services'].map((declared) => ({ seals: [], ...declared }));
  throw new Error(`the message in ${topologyRecordQueue} is not a record of the setup step: ${content.toString()}`);
}

function isDeclaredService(value: unknown): value is DeclaredService & Partial<RecordedService> {
  return (
    isObject(value) &&
    (value['seals'] === undefined || isTexts(value['seals'])) &&
    typeof value['service'] === 'string' &&
    isTexts(value['hears']) &&
    isTexts(value['announces']) &&
    Number.isInteger(value['partitions'])
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
