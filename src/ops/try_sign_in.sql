-- Checks one attempt to sign in. While a bucket is blocked, nothing is checked and nothing is written. So there is a
-- bound on what strangers make the database write: one row for each of 1,024 buckets, and after many failures at most
-- one write per bucket in 15 minutes.
-- facts: bucket (of the network that tries), operator (whose token was given; null: nobody's). Returns {"signed_in",
-- "retry_in_s" (0: at once)}.
create or replace function try_sign_in(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  known sign_in_failures;
  pause interval;
begin
  select * into f from jsonb_to_record(facts) as f(bucket integer, operator text);
  perform lock_subjects('key:sign_in:' || f.bucket);
  select * into known from sign_in_failures where bucket = f.bucket;
  if known.blocked_until > clock_timestamp() then
    return jsonb_build_object('signed_in', false,
      'retry_in_s', ceil(extract(epoch from known.blocked_until - clock_timestamp())));
  elsif f.operator is not null then
    delete from sign_in_failures where bucket = f.bucket;
    perform record_action(f.operator, 'sign_in', null, null, null, null, null);
    return '{"signed_in": true, "retry_in_s": 0}';
  end if;
  -- After a day without failures, earlier ones are forgotten.
  known.failures := case when known.blocked_until > now() - interval '1 day' then known.failures else 0 end + 1;
  pause := case when known.failures < 5 then interval '0'
    else least(interval '15 minutes', interval '1 second' * 2 ^ least(known.failures - 5, 10)) end;
  insert into sign_in_failures (bucket, failures, blocked_until)
  values (f.bucket, known.failures, clock_timestamp() + pause)
  on conflict (bucket) do update set failures = excluded.failures, blocked_until = excluded.blocked_until;
  return jsonb_build_object('signed_in', false, 'retry_in_s', extract(epoch from pause));
end $$;
