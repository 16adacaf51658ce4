-- What waits for a person, or for a user who has not come: how much for each reason, and since when.
-- facts: none. Answers lines of provider, outcome, reason, deliveries and oldest.
create or replace function attention(facts jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(line), '[]') from (
    select provider, outcome, reason, count(*) as deliveries, min(received_at) as oldest
    from webhook_events where outcome in ('parked', 'rejected')
    group by provider, outcome, reason
  ) line
$$;
