import { runService } from '@quadrille/service-host';
import { OrderModule } from './order.module.js';
import { orderParticipant } from './participant.js';

await runService(OrderModule, orderParticipant);
