import type { Repository, Transaction, WorkingSet } from '@quadrille/event-log';
import type { Inventory, InventoryCommand, InventoryEvent, Reservation, StockLevel } from '../domain/index.js';

/**
 * Reservations and stock levels of one batch. The levels are shared: each command sees what every earlier one left, so a
 * hot SKU costs one lock per batch and not one per order.
 */
export const inventoryRepository: Repository<InventoryCommand, Inventory, InventoryEvent> = {
  async load(tx, commands) {
    const orderIds = [...new Set(commands.flatMap((command) => (command.type === 'Receive' ? [] : [command.orderId])))];
    const [reservations, levels] = await Promise.all([
      loadReservations(tx, orderIds),
      lockLevels(tx, commands, orderIds),
    ]);
    return new InventoryBatch(reservations, levels);
  },
};

class InventoryBatch implements WorkingSet<InventoryCommand, Inventory, InventoryEvent> {
  private readonly changedSkus = new Set<string>();
  private readonly changedVersions = new Map<string, number>();

  constructor(
    private readonly reservations: Map<string, Reservation>,
    private readonly levels: Map<string, StockLevel>,
  ) {}

  read(command: InventoryCommand): Inventory {
    const reservation = reservationOf(command, this.reservations);
    const levels: Record<string, StockLevel> = {};
    for (const sku of skusOf(command, reservation)) {
      const level = this.levels.get(sku);
      if (level) levels[sku] = level;
    }
    return { reservation, levels };
  }

  write(command: InventoryCommand, state: Inventory, events: readonly InventoryEvent[], version: number): void {
    if (events.length === 0) return;
    for (const [sku, level] of Object.entries(state.levels)) {
      if (this.levels.get(sku) === level) continue;
      this.levels.set(sku, level);
      this.changedSkus.add(sku);
    }
    if (command.type === 'Receive') return;
    this.reservations.set(command.orderId, state.reservation);
    this.changedVersions.set(command.orderId, version);
  }

  async save(tx: Transaction): Promise<void> {
    const reservations = Array.from(this.changedVersions, ([orderId, version]) => ({
      order_id: orderId,
      ...this.reservations.get(orderId),
      version,
    }));
    const levels = Array.from(this.changedSkus, (sku) => ({ sku, ...this.levels.get(sku) }));
    await Promise.all([
      reservations.length > 0 && tx.query(saveReservations, [JSON.stringify(reservations)]),
      levels.length > 0 && tx.query(saveLevels, [JSON.stringify(levels)]),
    ]);
  }
}

/** Their stream heads are locked, so nobody else can write these rows. */
async function loadReservations(tx: Transaction, orderIds: readonly string[]): Promise<Map<string, Reservation>> {
  if (orderIds.length === 0) return new Map();
  const rows = await tx.query<{ orderId: string; reservation: Reservation }>(
    `select order_id as "orderId", jsonb_strip_nulls(jsonb_build_object('status', status, 'lines', lines)) as reservation
     from reservation where order_id = any($1::uuid[])`,
    [orderIds],
  );
  return new Map(rows.map(({ orderId, reservation }) => [orderId, reservation]));
}

/**
 * The SKUs that a decision may look at: what the commands name, and what the reservations hold. In SKU order, so that two rounds
 * never wait for each other in a circle. A SKU without a row needs no lock: only its first receipt creates one, receipts of one
 * SKU share a stream head, and an order that comes at the same time finds nothing.
 */
async function lockLevels(
  tx: Transaction,
  commands: readonly InventoryCommand[],
  orderIds: readonly string[],
): Promise<Map<string, StockLevel>> {
  if (commands.length === 0) return new Map();
  const rows = await tx.query<{ sku: string; level: StockLevel }>(
    `select sku, jsonb_build_object('received', received, 'available', available, 'held', held, 'committed', committed) as level
     from stock
     where sku = any(array(
       select unnest($1::text[])
       union select line->>'sku' from reservation, jsonb_array_elements(lines) line where order_id = any($2::uuid[])))
     order by sku for update`,
    [[...new Set(commands.flatMap(namedSkus))], orderIds],
  );
  return new Map(rows.map(({ sku, level }) => [sku, level]));
}

function reservationOf(command: InventoryCommand, reservations: Map<string, Reservation>): Reservation {
  return (command.type !== 'Receive' && reservations.get(command.orderId)) || { status: 'none' };
}

function skusOf(command: InventoryCommand, reservation: Reservation): string[] {
  return [...namedSkus(command), ...('lines' in reservation ? reservation.lines.map(({ sku }) => sku) : [])];
}

function namedSkus(command: InventoryCommand): string[] {
  if (command.type === 'Receive') return [command.sku];
  return command.type === 'Reserve' ? command.lines.map(({ sku }) => sku) : [];
}

const saveReservations = `
  insert into reservation (order_id, status, lines, version)
  select order_id, status, lines, version
  from json_to_recordset($1::json) as changed (order_id uuid, status text, lines jsonb, version integer)
  on conflict (order_id) do update
    set status = excluded.status, lines = excluded.lines, version = excluded.version`;

const saveLevels = `
  insert into stock (sku, received, available, held, committed)
  select sku, received, available, held, committed
  from json_to_recordset($1::json)
    as changed (sku text, received bigint, available bigint, held bigint, committed bigint)
  on conflict (sku) do update
    set received = excluded.received, available = excluded.available, held = excluded.held, committed = excluded.committed`;
