-- Stores what an isolate has counted, for `roll_up`. It gets a row of its own, because deliveries share none. Few
-- deliveries carry counts, so the caller checks first.
create or replace function keep_tally(delivery jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into tallies (counts) values (delivery->'tally');
end $$;
