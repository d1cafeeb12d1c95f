import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createLogger } from '@quadrille/observability';
import { listenTo } from '../src/index.js';
import { behaviour, ListeningModule } from './listening-app.js';

// An application that listens, as a process of its own: it fails on every second event, and says what it has handled.
const { AMQP_URL: url = '', SERVICE: service = '' } = process.env;
const logger = createLogger({ service, level: 'info' });

behaviour.onConfirmed = ({ sequence, subject }) => {
  if (sequence % 2 === 0) throw new Error('an even number');
  logger.info({ subject }, 'handled');
};
const app = await NestFactory.create(ListeningModule, new FastifyAdapter(), { logger: false });
await listenTo(app, { url, service, logger, retry: { attemptsMax: 2, firstDelayMs: 20 } });
logger.info({}, 'listening');
