import { runService } from '@quadrille/service-host';
import { InventoryModule } from './inventory.module.js';
import { inventoryParticipant } from './participant.js';

await runService(InventoryModule, inventoryParticipant);
