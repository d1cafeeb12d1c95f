import amqp from 'amqplib';
import { routingKeyOf } from '@quadrille/contracts';
import { unpack } from '@quadrille/messaging';
import { eventually } from '../client.js';
import { drain } from '../wire-tap.js';
import type { Random } from './random.js';

export interface Copy {
  readonly routingKey: string;
  readonly body: Buffer;
  readonly messageId: string | undefined;
  readonly orderId: string;
}

type Piece = Pick<Copy, 'routingKey' | 'body' | 'messageId'> & { readonly contentType?: string };

const exchange = 'quadrille.events';
const copies = 'chaos.copies';
/** Who hears the type that garbage pretends to be. */
const garbageType = 'order.placed.v1';
export const garbageGoesTo = ['inventory', 'payment'] as const;

/** What strangers put on the exchange, and what they take from it. Whatever the broker does meanwhile, it gets there. */
export class Traffic {
  readonly garbage: string[] = [];

  constructor(private readonly url: string) {}

  /** From here on there is a copy of everything to take. */
  async open(): Promise<void> {
    await this.insist('the queue of copies is there', async (channel) => {
      await channel.assertQueue(copies, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await channel.bindQueue(copies, exchange, '#');
    });
  }

  /** The events that were published since the last time, oldest first. */
  async take(): Promise<Copy[]> {
    const taken: Copy[] = [];
    await this.insist('copies are taken', (channel) =>
      drain(channel, copies, (batch) => taken.push(...unpack(batch).map(({ message }) => copyOf(message)))),
    );
    return taken;
  }

  async repeat(published: readonly Copy[]): Promise<void> {
    await this.publish(published);
  }

  /** Puts so much on the exchange that no contract knows; each piece has a name by which it is found again. */
  async litter(count: number, random: Random): Promise<string[]> {
    const pieces = Array.from({ length: count }, () => {
      const name = `garbage-${random.between(0, 2 ** 32 - 1)}-${this.garbage.length}`;
      this.garbage.push(name);
      const subject = `01938f1e-7c00-7a3b-9d52-${random
        .between(0, 2 ** 40)
        .toString(16)
        .padStart(12, '0')}`;
      return {
        routingKey: routingKeyOf({ type: garbageType, subject }),
        ...pieceOf(random.pick(shapes)(name, subject)),
        messageId: undefined,
        subject,
      };
    });
    await this.publish(pieces);
    return pieces.map(({ subject }) => subject);
  }

  /** The names of all garbage that a service set aside. */
  async setAside(service: string): Promise<string[]> {
    const names: string[] = [];
    await this.insist(`the garbage of ${service} is read`, async (channel) => {
      names.length = 0;
      const { messageCount } = await channel.checkQueue(`${service}.dead-letters`);
      for (let count = 0; count < messageCount; count++) {
        const message = await channel.get(`${service}.dead-letters`);
        if (message) names.push(/garbage-\d+-\d+/.exec(message.content.toString('latin1'))?.[0] ?? 'unknown');
      }
      // Nothing is acknowledged, so all of it goes back.
    });
    return names;
  }

  private async publish(messages: readonly Piece[]): Promise<void> {
    await this.insist('messages are published', async (channel) => {
      for (const { routingKey, body, messageId, contentType = 'application/json' } of messages)
        channel.publish(exchange, routingKey, body, {
          persistent: true,
          contentType,
          ...(messageId !== undefined && { messageId }),
        });
      await channel.waitForConfirms();
    });
  }

  private async insist(what: string, work: (channel: amqp.ConfirmChannel) => Promise<void>): Promise<void> {
    await eventually(what, async () => {
      const connection = await amqp.connect(`${this.url}?heartbeat=5`, { noDelay: true, timeout: 10_000 });
      try {
        await Promise.race([
          this.onChannel(connection, work),
          new Promise<never>((_, reject) => {
            connection.on('error', reject);
            connection.on('close', () => reject(new Error('the broker closed the connection')));
          }),
        ]);
      } finally {
        await connection.close().catch(() => undefined); // It may be gone already.
      }
      return true;
    });
  }

  private async onChannel(
    connection: amqp.ChannelModel,
    work: (channel: amqp.ConfirmChannel) => Promise<void>,
  ): Promise<void> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined); // Whatever is lost with it, its next call tells.
    await work(channel);
    await channel.close();
  }
}

function copyOf({ fields, content, properties }: amqp.ConsumeMessage): Copy {
  const orderId = /"subject":\s*"([0-9a-f-]{36})"/.exec(content.toString())?.[1] ?? 'unknown';
  return {
    routingKey: fields.routingKey,
    body: content,
    messageId: typeof properties.messageId === 'string' ? properties.messageId : undefined,
    orderId,
  };
}

function pieceOf(shape: Buffer | { readonly batch: unknown }): Pick<Piece, 'body' | 'contentType'> {
  if (Buffer.isBuffer(shape)) return { body: shape };
  return { body: Buffer.from(JSON.stringify(shape.batch)), contentType: 'application/cloudevents-batch+json' };
}

/** Each carries its name where it can be read. */
const shapes: readonly ((name: string, subject: string) => Buffer | { readonly batch: unknown })[] = [
  (name) => ({ batch: { no: 'array', name } }),
  (name) => ({ batch: [{ id: name.padEnd(300, 'x'), no: 'envelope' }] }),
  (name) => ({ batch: [name, ...Array<number>(5_000).fill(0)] }),
  (name) => Buffer.from(name),
  (name) => Buffer.from(`{"cut off": "${name}", "data": {`),
  (name) => Buffer.from(JSON.stringify({ no: 'envelope', name })),
  (name) => Buffer.from(JSON.stringify([name, [[[[]]]]])),
  (name) => Buffer.concat([Buffer.from(name), Buffer.from([0xff, 0xfe, 0x00, 0xc3])]),
  (name) => Buffer.from(`{"name": "${name}", "__proto__": {"polluted": true}, "constructor": 1}`),
  (name) => Buffer.from(JSON.stringify({ name, deep: '['.repeat(20_000) })),
  (name) => Buffer.from(JSON.stringify({ name, large: 'x'.repeat(1_200_000) })),
  (name, subject) =>
    Buffer.from(
      JSON.stringify({
        specversion: '1.0',
        id: '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10',
        source: '/payment',
        type: garbageType,
        subject,
        time: '2025-01-01T00:00:00.000Z',
        datacontenttype: 'application/json',
        dataschema: `urn:quadrille:schema:${garbageType}`,
        correlationid: 'forged',
        causationid: 'forged',
        sequence: 1,
        data: { name },
      }),
    ),
];
