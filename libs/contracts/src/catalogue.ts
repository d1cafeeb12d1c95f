import type { z } from 'zod';
import { inventoryEvents } from './inventory-events.js';
import { orderEvents } from './order-events.js';
import { paymentEvents } from './payment-events.js';

/** Every version of every public event that is alive. */
export const catalogue = [...orderEvents, ...inventoryEvents, ...paymentEvents] as const;

export type AnyDefinition = (typeof catalogue)[number];
export type PublicEventType = AnyDefinition['type'];
export type DefinitionOf<Type extends PublicEventType> = Extract<AnyDefinition, { type: Type }>;
export type DataOf<Type extends PublicEventType> = z.infer<DefinitionOf<Type>['data']>;

const byType = new Map<string, AnyDefinition>(catalogue.map((definition) => [definition.type, definition]));

/** The definition of a wire type, or undefined for a type or version that this build does not know. */
export function definitionOf(type: string): AnyDefinition | undefined {
  return byType.get(type);
}
