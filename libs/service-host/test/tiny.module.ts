import { once } from 'node:events';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { CommandGate, type Cause } from '@quadrille/event-log';
import { z } from 'zod';
import {
  bodyHash,
  environment,
  IdempotencyKey,
  ParticipantModule,
  RequestCause,
  ServiceLogger,
  zodBody,
} from '../src/index.js';
import { tinyParticipant, type ConfirmThing, type Thing } from './tiny-participant.js';

export class TinyConfiguration extends environment({}) {}

const confirmBody = z.strictObject({ orderId: z.uuid(), once: z.boolean().default(false) });

@Controller('v1/things')
class ThingsController {
  constructor(
    private readonly gate: CommandGate<ConfirmThing, Thing>,
    private readonly logger: ServiceLogger,
  ) {}

  @Post()
  @HttpCode(202)
  async confirm(
    @Body(zodBody(confirmBody)) body: z.infer<typeof confirmBody>,
    @IdempotencyKey() key: string,
    @RequestCause() cause: Cause,
  ): Promise<unknown> {
    const idempotency = { scope: 'things', key, bodyHash: bodyHash(body) };
    const answer = (thing: Thing, version: number) => ({ orderId: body.orderId, thing, version });
    return (await this.gate.send({ type: 'Confirm', ...body }, { cause, idempotency, answer })).answer;
  }

  /** Is taken before the process is told to stop, and has its work to do after that. */
  @Post('last')
  @HttpCode(202)
  async confirmLast(
    @Body(zodBody(confirmBody)) body: z.infer<typeof confirmBody>,
    @RequestCause() cause: Cause,
  ): Promise<unknown> {
    this.logger.info({}, 'taken');
    await once(process, 'SIGTERM');
    await new Promise(setImmediate);
    return (await this.gate.send({ type: 'Confirm', ...body }, { cause, answer: (thing) => ({ thing }) })).answer;
  }
}

@Module({
  imports: [
    ParticipantModule.for(tinyParticipant, {
      configuration: TinyConfiguration,
      refusals: { confirmed_before: 409 },
    }),
  ],
  controllers: [ThingsController],
})
export class TinyModule {}
