import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ParticipantModule, ServiceConfiguration } from '@quadrille/service-host';
import { StockController } from './http/stock.controller.js';
import { inventoryParticipant } from './participant.js';
import { Stock } from './storage/stock.js';

@Module({
  imports: [
    ParticipantModule.for(inventoryParticipant, { configuration: ServiceConfiguration }),
    TypeOrmModule.forFeature([Stock]),
  ],
  controllers: [StockController],
})
export class InventoryModule {}
