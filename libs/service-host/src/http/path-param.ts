import { Param, type PipeTransform } from '@nestjs/common';
import { uuid } from '@quadrille/contracts';
import type { z } from 'zod';
import { ProblemException } from './problem.js';

/** An id in the path. A malformed one names nothing, so it is answered like an unknown one: 404 `not_found`. */
export function PathParam(name: string, schema: z.ZodType<string>): ParameterDecorator {
  return Param(name, new PathPipe(name, schema));
}

/** A UUID in the path, in lower case. */
export function UuidParam(name = 'id'): ParameterDecorator {
  return PathParam(name, uuid);
}

class PathPipe implements PipeTransform {
  constructor(
    private readonly name: string,
    private readonly schema: z.ZodType<string>,
  ) {}

  transform(value: unknown): string {
    const id = this.schema.safeParse(value);
    if (id.success) return id.data;
    throw new ProblemException(404, 'not_found', `There is nothing with this ${this.name}.`);
  }
}
