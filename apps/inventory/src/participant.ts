import type { Participant } from '@quadrille/event-log';
import { choreography } from './choreography.js';
import { inventoryDecider, type Inventory, type InventoryCommand, type InventoryEvent } from './domain/index.js';
import { inventoryRepository } from './storage/inventory-repository.js';
import { Inventory1700000000200 } from './storage/migrations/1700000000200-inventory.js';
import { ReservationRow } from './storage/reservation-row.js';
import { Stock } from './storage/stock.js';

export const inventoryParticipant: Participant<InventoryCommand, Inventory, InventoryEvent> = {
  name: 'inventory',
  decider: inventoryDecider,
  choreography,
  repository: inventoryRepository,
  entities: [ReservationRow, Stock],
  migrations: [Inventory1700000000200],
};
