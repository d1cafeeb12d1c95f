import { runService } from '@quadrille/service-host';
import { paymentParticipant } from './participant.js';
import { PaymentModule } from './payment.module.js';

await runService(PaymentModule, paymentParticipant);
