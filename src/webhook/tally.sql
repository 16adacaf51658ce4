-- Keeps what an isolate has counted, for `roll_up`. A row of its own: deliveries share none. Few deliveries have it with
-- them: the caller looks.
create or replace function keep_tally(delivery jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into tallies (counts) values (delivery->'tally');
end $$;
