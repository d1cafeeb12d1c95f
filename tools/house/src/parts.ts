import { choreography as inventory } from '@quadrille/inventory/choreography';
import { choreography as order } from '@quadrille/order/choreography';
import { choreography as payment } from '@quadrille/payment/choreography';
import type { Part } from './choreography-document.js';

/** The choreography tables that ship. */
export const parts: readonly Part[] = [order, inventory, payment];
