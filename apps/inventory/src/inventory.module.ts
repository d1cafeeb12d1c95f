import { Module } from '@nestjs/common';
import { ParticipantModule } from '@quadrille/service-host';
import { StockController } from './http/stock.controller.js';
import { inventoryParticipant } from './participant.js';

@Module({
  imports: [ParticipantModule.for(inventoryParticipant)],
  controllers: [StockController],
})
export class InventoryModule {}
