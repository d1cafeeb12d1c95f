import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, type MicroserviceOptions, type RmqContext, Transport } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';

const { AMQP_URL = '', DATABASE_URL = '', HTTP_PORT = '0', QUEUE_PREFIX = '' } = process.env;

/** The guarantees that a queue gives are the same for all parties: durable, replicated by Raft, on disk before the confirm. */
export const queueOptions = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

const rmq = (queue: string) => ({ urls: [AMQP_URL], queue: `${QUEUE_PREFIX}.${queue}`, queueOptions });

/** A client for each queue that this service emits to: https://docs.nestjs.com/microservices/rabbitmq. */
export function emitsTo(...queues: string[]) {
  return ClientsModule.register(
    queues.map((name) => ({
      name,
      transport: Transport.RMQ as const,
      options: { ...rmq(name), persistent: true },
    })),
  );
}

export function database(entities: Type[]) {
  return [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      entities,
      synchronize: true,
      installExtensions: false,
    }),
    TypeOrmModule.forFeature(entities),
  ];
}

/** A hybrid application: HTTP, and the events of one queue. Ready when it listens. */
export async function run(module: Type, queue: string): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: ['error'] });
  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.RMQ,
    options: { ...rmq(queue), noAck: false },
  });
  app.enableShutdownHooks();
  await app.startAllMicroservices();
  await app.listen(Number(HTTP_PORT), '127.0.0.1');
}

/** As the documentation acknowledges by hand. */
export function acknowledge(context: RmqContext): void {
  (context.getChannelRef() as { ack(message: unknown): void }).ack(context.getMessage());
}
