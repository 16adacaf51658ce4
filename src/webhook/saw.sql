-- Stores a sighting, in place of the last one of that name.
create or replace function saw(given text, given_moment timestamptz, number integer) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into sightings (name, moment, count) values (given, given_moment, number)
  on conflict (name) do update set seen_at = now(), moment = excluded.moment, count = excluded.count;
end $$;
