import { Body, Controller, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DeadLetters, type DeadLetter, type DeadLetterDetails } from '@quadrille/event-log';
import { Admin } from '../http/admin-guard.js';
import { ApiZodResponse } from '../http/openapi.js';
import { decodeCursor, encodeCursor, type Page } from '../http/paging.js';
import { PathParam } from '../http/path-param.js';
import { zodBody, zodQuery } from '../http/validation.js';
import {
  type DiscardBody,
  discardBody,
  type EditBody,
  editBody,
  letterDetailsShape,
  letterId,
  lettersShape,
  type ListQuery,
  listQuery,
  type ReplayBody,
  replayBody,
  type Replayed,
  replayedShape,
  type ReplayManyBody,
  replayManyBody,
} from './shapes.js';

/** Messages that are held in this service: for a person to see, mend, replay or discard. */
@ApiTags('dead letters')
@Controller('v1/dead-letters')
@Admin()
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  @ApiZodResponse(200, lettersShape, 'Oldest first; without a status all that are not discarded.')
  async list(@Query(zodQuery(listQuery)) { cursor, ...query }: ListQuery): Promise<Page<DeadLetter>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, letterId);
    const { items, nextCursor } = await this.letters.list({ ...query, cursor: after });
    return { items, nextCursor: nextCursor === null ? null : encodeCursor(nextCursor) };
  }

  @Get(':id')
  @ApiZodResponse(200, letterDetailsShape)
  show(@PathParam('id', letterId) id: string): Promise<DeadLetterDetails> {
    return this.letters.show(id);
  }

  /** The mended event keeps its id and subject, and is not tried before a replay. */
  @Put(':id/body')
  @ApiZodResponse(200, letterDetailsShape)
  edit(
    @PathParam('id', letterId) id: string,
    @Body(zodBody(editBody)) { body, by, reason }: EditBody,
  ): Promise<DeadLetterDetails> {
    return this.letters.edit(id, { body: typeof body === 'string' ? body : JSON.stringify(body), by, reason });
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiZodResponse(202, replayedShape)
  async replay(
    @PathParam('id', letterId) id: string,
    @Body(zodBody(replayBody)) { by }: ReplayBody,
  ): Promise<Replayed> {
    return { replayed: await this.letters.replay(id, { by }) };
  }

  @Post('replay')
  @HttpCode(202)
  @ApiZodResponse(202, replayedShape, 'How many were replayed, or would be.')
  async replayMany(@Body(zodBody(replayManyBody)) { filter, by, dryRun }: ReplayManyBody): Promise<Replayed> {
    return { replayed: dryRun ? await this.count(filter) : await this.letters.replay(filter, { by }) };
  }

  @Post(':id/discard')
  @HttpCode(200)
  @ApiZodResponse(200, letterDetailsShape)
  discard(
    @PathParam('id', letterId) id: string,
    @Body(zodBody(discardBody)) { by, reason }: DiscardBody,
  ): Promise<DeadLetterDetails> {
    return this.letters.discard(id, { by, reason });
  }

  /** A replay without a status takes the dead only. */
  private async count(filter: ReplayManyBody['filter']): Promise<number> {
    let count = 0;
    let cursor: string | null | undefined;
    do {
      const page = await this.letters.list({ status: 'dead', ...filter, limit: 1_000, cursor: cursor ?? undefined });
      count += page.items.length;
      cursor = page.nextCursor;
    } while (cursor !== null);
    return count;
  }
}
