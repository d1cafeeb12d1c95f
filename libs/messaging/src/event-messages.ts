import { eventsPerMessageMax, readJson, routingKeyOf, type PublicEvent } from '@quadrille/contracts';
import type { ConsumeMessage } from 'amqplib';
import type { OutgoingMessage } from './confirmed-channel.js';
import { eventsExchange } from './names.js';

/** CloudEvents' structured content mode, and its batched one (https://github.com/cloudevents/spec, JSON event format 1.0.2, section 4). */
const contentTypes = { one: 'application/cloudevents+json', batch: 'application/cloudevents-batch+json' } as const;

/** How deep an event of a batch may be nested: it is written again when it is set aside or held, which is recursive. */
const depthMax = 64;
/** AMQP's short strings: what is longer cannot be a property. */
const propertyBytesMax = 255;

/** An event as it goes over the wire. */
export interface EncodedEvent {
  readonly event: PublicEvent;
  readonly json: string;
}

/**
 * One message for one event, or for several of one type: a JSON array of them, with the routing key of each. The broker brings
 * a message with many keys to each queue that any of them leads to, and to none twice
 * (https://www.rabbitmq.com/docs/sender-selected).
 */
export function messageFor([first, ...more]: readonly [EncodedEvent, ...EncodedEvent[]]): OutgoingMessage {
  const { id, type, correlationid, causationid, traceparent } = first.event;
  const routingKey = routingKeyOf(first.event);
  const common = { exchange: eventsExchange, routingKey, messageId: id, type };
  if (more.length === 0)
    return {
      ...common,
      body: Buffer.from(first.json),
      contentType: contentTypes.one,
      correlationId: correlationid,
      headers: { correlationid, causationid, ...(traceparent === undefined ? {} : { traceparent }) },
    };
  const otherKeys = new Set(more.map(({ event }) => routingKeyOf(event)));
  otherKeys.delete(routingKey);
  return {
    ...common,
    body: Buffer.from(`[${[first, ...more].map(({ json }) => json).join(',')}]`),
    contentType: contentTypes.batch,
    headers: otherKeys.size === 0 ? {} : { CC: [...otherKeys] },
  };
}

/** A message, or one event of a batch as if it had come alone. */
export interface Unpacked {
  readonly message: ConsumeMessage;
  /** The event, if it came in a batch. */
  readonly json?: unknown;
}

/** The events of a batch, in their order. What is none, or cannot be read as one, is one message, whatever is in it. */
export function unpack(message: ConsumeMessage): Unpacked[] {
  const { fields, properties, content } = message;
  const [contentType] = String(properties.contentType).split(';');
  const events = contentType?.trim() === contentTypes.batch ? eventsIn(content) : undefined;
  if (!events) return [{ message }];
  const { CC: otherKeys, ...headers } = properties.headers ?? {};
  const keys = new Set([fields.routingKey, ...(Array.isArray(otherKeys) ? (otherKeys as unknown[]) : [])]);
  return events.map((json) => {
    const [messageId, type, subject, correlationid, causationid, traceparent] = attributes.map((name) =>
      textIn(json, name),
    );
    const ownKey = type !== undefined && subject !== undefined ? routingKeyOf({ type, subject }) : fields.routingKey;
    // A key that the message did not have has led it nowhere, so that whoever got it has to take the event.
    const routingKey = keys.has(ownKey) ? ownKey : fields.routingKey;
    const ownProperties = {
      ...properties,
      messageId,
      type,
      contentType: contentTypes.one,
      correlationId: correlationid,
      headers: defined({ ...headers, correlationid, causationid, traceparent }),
    };
    return { message: new AloneMessage({ ...fields, routingKey }, ownProperties, json), json };
  });
}

/** What an event that comes alone has in its properties and headers as well. */
const attributes = ['id', 'type', 'subject', 'correlationid', 'causationid', 'traceparent'] as const;

/** A class, because the engine gives each object literal with a getter a shape of its own: a third of what taking a batch apart cost. */
class AloneMessage implements ConsumeMessage {
  readonly #json: unknown;

  constructor(
    readonly fields: ConsumeMessage['fields'],
    readonly properties: ConsumeMessage['properties'],
    json: unknown,
  ) {
    this.#json = json;
  }

  /** Few of them are ever asked for. */
  get content(): Buffer {
    return Buffer.from(JSON.stringify(this.#json));
  }
}

/** Undefined for what none of our publishers sends; the reader sets it aside as it is. */
function eventsIn(content: Buffer): unknown[] | undefined {
  const read = readJson(content);
  if (read.kind !== 'json' || !Array.isArray(read.json)) return undefined;
  const events: unknown[] = read.json;
  const isUsable = events.length > 0 && events.length <= eventsPerMessageMax && isShallow(events, depthMax);
  return isUsable ? events : undefined;
}

function isShallow(json: unknown, depth: number): boolean {
  if (typeof json !== 'object' || json === null) return true;
  return depth > 0 && Object.values(json).every((value) => isShallow(value, depth - 1));
}

/** A member that can be a property of a message. */
function textIn(event: unknown, name: string): string | undefined {
  const value: unknown =
    typeof event === 'object' && event !== null && name in event ? event[name as keyof typeof event] : undefined;
  return typeof value === 'string' && Buffer.byteLength(value) <= propertyBytesMax ? value : undefined;
}

function defined(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}
