import type { z } from 'zod';

export const services = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof services)[number];

/** One version of one public event: its owner alone may announce it. */
export interface EventDefinition<Type extends string = string, Data extends z.ZodType = z.ZodType> {
  /** The type on the wire: `<owner>.<event>.v<N>` in kebab case. */
  readonly type: Type;
  /** The name in prose and code, with its noun: `OrderPlaced`. */
  readonly name: string;
  readonly version: number;
  readonly owner: ServiceName;
  readonly summary: string;
  readonly data: Data;
}

export function defineEvent<const Type extends string, Data extends z.ZodType>(
  definition: EventDefinition<Type, Data>,
): EventDefinition<Type, Data> {
  return Object.freeze(definition);
}
