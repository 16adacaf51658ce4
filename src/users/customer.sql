-- facts: user_id, signup_bonus (credits), erase. Answers what Stripe is told of the user, or {"refused": why}.
create or replace function read_buyer(facts jsonb) returns jsonb language plpgsql as $$
declare
  buyer constant text := facts->>'user_id';
  refusal text := ensure_user(buyer, (facts->>'signup_bonus')::bigint, (facts->>'erase')::boolean);
begin
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  return coalesce((
    select jsonb_build_object('email', email, 'name', name, 'stripe_customer_id', stripe_customer_id)
    from users where id = buyer
  ), jsonb_build_object('refused', 'user_deactivated'));
end $$;
--> statement-breakpoint
-- Stores the customer that was just made at Stripe, before anything is bought by it. Answers the customer that the user
-- is from now on: another one where somebody was faster, none where this one is gone.
-- facts: user_id, stripe_customer_id, gone (the customer it replaces), erase.
create or replace function adopt_customer(facts jsonb) returns jsonb language plpgsql as $$
declare
  buyer constant text := facts->>'user_id';
  refusal text;
begin
  perform lock_subject('user', buyer);
  refusal := user_refusal(buyer);
  if refusal is not null then return jsonb_build_object('refused', 'user_deactivated'); end if;
  if facts->>'gone' is not null then
    perform unlink_customer(jsonb_build_object('erase', facts->'erase'),
      jsonb_build_object('stripe_customer_id', facts->'gone'));
  end if;
  perform claim_customer(buyer, facts->>'stripe_customer_id');
  return (select jsonb_build_object('stripe_customer_id', stripe_customer_id) from users where id = buyer);
end $$;
