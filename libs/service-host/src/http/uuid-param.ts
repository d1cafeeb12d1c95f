import { Param, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { ProblemException } from './problem.js';

const uuid = z.uuid();

/** An id in the path, in lower case. A malformed one names nothing, so it is answered like an unknown one: 404 `not_found`. */
export function UuidParam(name = 'id'): ParameterDecorator {
  return Param(name, new UuidPipe(name));
}

class UuidPipe implements PipeTransform {
  constructor(private readonly name: string) {}

  transform(value: unknown): string {
    const id = uuid.safeParse(value);
    if (id.success) return id.data.toLowerCase();
    throw new ProblemException(404, 'not_found', `There is nothing with this ${this.name}.`);
  }
}
