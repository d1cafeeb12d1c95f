import type { Choreography, Decider, Fact, PublicEvent, ServiceName } from '@quadrille/contracts';
import { choreography as inventoryChoreography } from '@quadrille/inventory/choreography';
import {
  emptyLevel,
  inventoryDecider,
  type Inventory,
  type InventoryCommand,
  type Reservation,
  type StockLevel,
} from '@quadrille/inventory/domain';
import { choreography as orderChoreography } from '@quadrille/order/choreography';
import { orderDecider, type Order } from '@quadrille/order/domain';
import { choreography as paymentChoreography } from '@quadrille/payment/choreography';
import { paymentDecider, type Payment } from '@quadrille/payment/domain';

/** A command or a private event whose type the simulated plumbing need not know. */
export interface Message {
  readonly type: string;
}

/** The rows of a database: committed ones under those that the open transaction has written. */
export interface Rows {
  get(key: string): unknown;
  set(key: string, row: unknown): void;
}

/** One service as it ships, and how its state lies in rows. */
export interface Participant {
  readonly name: ServiceName;
  readonly decider: Decider<Message, unknown, Message>;
  readonly reactsTo: Readonly<Record<string, ((event: PublicEvent) => Message) | undefined>>;
  readonly publishes: Readonly<Record<string, ((event: Message) => Fact | readonly Fact[]) | null>>;
  /** The rows that a decision reads, and that a round therefore locks. */
  keysOf(command: Message, rows: Rows): string[];
  read(command: Message, rows: Rows): unknown;
  write(command: Message, state: unknown, rows: Rows): void;
  /** The state's name in the coverage table. */
  situationOf(state: unknown): string;
}

export type Participants = Readonly<Record<ServiceName, Participant>>;

/** The very deciders and tables that ship. */
export const shippedParticipants: Participants = {
  order: {
    name: 'order',
    ...perStream(orderDecider),
    ...tablesOf(orderChoreography),
    situationOf: (state) => (state as Order).status,
  },
  inventory: {
    name: 'inventory',
    decider: inventoryDecider,
    ...tablesOf(inventoryChoreography),
    keysOf: (command, rows) => [
      inventoryDecider.streamOf(command as InventoryCommand),
      ...skusOf(command as InventoryCommand, rows).map(levelKey),
    ],
    read(command, rows): Inventory {
      const levels: Record<string, StockLevel> = {};
      for (const sku of skusOf(command as InventoryCommand, rows)) levels[sku] = levelOf(sku, rows);
      const { reservation } = this.decider.initial as Inventory;
      return { reservation: reservationOf(command as InventoryCommand, rows) ?? reservation, levels };
    },
    write(command, state, rows) {
      const { reservation, levels } = state as Inventory;
      if (command.type !== 'Receive') rows.set(inventoryDecider.streamOf(command as InventoryCommand), reservation);
      for (const sku in levels) if (levels[sku] !== levelOf(sku, rows)) rows.set(levelKey(sku), levels[sku]);
    },
    situationOf: (state) => (state as Inventory).reservation.status,
  },
  payment: {
    name: 'payment',
    ...perStream(paymentDecider),
    ...tablesOf(paymentChoreography),
    situationOf: (state) => situationOfPayment(state as Payment),
  },
};

export const levelKey = (sku: string) => `level-${sku}`;

function perStream<Command, State, Event>(decider: Decider<Command, State, Event>) {
  return {
    decider: decider as unknown as Participant['decider'],
    keysOf: (command: Message) => [decider.streamOf(command as Command)],
    read(this: Participant, command: Message, rows: Rows) {
      return rows.get(decider.streamOf(command as Command)) ?? this.decider.initial;
    },
    write: (command: Message, state: unknown, rows: Rows) => rows.set(decider.streamOf(command as Command), state),
  };
}

function tablesOf<Command, Event extends Message>({ reactsTo, publishes }: Choreography<Command, Event>) {
  return {
    reactsTo: reactsTo as unknown as Participant['reactsTo'],
    publishes: publishes as unknown as Participant['publishes'],
  };
}

function reservationOf(command: InventoryCommand, rows: Rows): Reservation | undefined {
  if (command.type === 'Receive') return undefined;
  return rows.get(inventoryDecider.streamOf(command)) as Reservation | undefined;
}

function levelOf(sku: string, rows: Rows): StockLevel {
  return (rows.get(levelKey(sku)) as StockLevel | undefined) ?? emptyLevel;
}

/** What the command names and what the reservation holds. */
function skusOf(command: InventoryCommand, rows: Rows): string[] {
  if (command.type === 'Receive') return [command.sku];
  const reservation = reservationOf(command, rows);
  const held = reservation && 'lines' in reservation ? reservation.lines : [];
  const lines = command.type === 'Reserve' ? command.lines : held;
  return lines.map(({ sku }) => sku);
}

function situationOfPayment(payment: Payment): string {
  switch (payment.status) {
    case 'awaiting':
      return payment.stocked ? 'awaiting amount' : 'awaiting stock';
    case 'charging':
    case 'cancelling':
      return payment.intentId === null ? `${payment.status}, no intent` : payment.status;
    case 'closed':
      return payment.charge ? 'closed after a charge' : 'closed';
    default:
      return payment.status;
  }
}
