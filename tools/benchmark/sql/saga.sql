-- One saga as five ordinary transactions: place, reserve, pay, confirm, commit.
\set sku random(1, 100)
\set customer random(1, 1000)

begin;
insert into orders (id, customer_id, status, currency, total_minor, lines)
  select uuidv7(), 'customer-' || :customer, 'pending', 'EUR', amount_minor, jsonb_build_array(jsonb_build_object('sku', sku, 'quantity', 1))
  from price where sku = 'BENCH-' || :sku
  returning id as order_id \gset
commit;

begin;
update stock set available = available - 1, held = held + 1 where sku = 'BENCH-' || :sku;
insert into reservation (order_id, status, lines) values (:order_id, 'held', jsonb_build_array(jsonb_build_object('sku', 'BENCH-' || :sku, 'quantity', 1)));
commit;

begin;
insert into payment (order_id, status, amount_minor, currency) values (:order_id, 'captured', 1250, 'EUR');
commit;

begin;
update orders set status = 'confirmed' where id = :order_id;
commit;

begin;
update stock set held = held - 1, committed = committed + 1 where sku = 'BENCH-' || :sku;
update reservation set status = 'committed' where order_id = :order_id;
commit;
