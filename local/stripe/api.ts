import * as z from 'zod'
import type { Account } from './account.ts'
import { chargeParams, retrieveCharge } from './charges.ts'
import { createCustomer, customerParams, retrieveCustomer } from './customers.ts'
import { destinationParams, listDestinations } from './destinations.ts'
import { ApiError, found } from './errors.ts'
import type { Params } from './form.ts'
import { linesOf } from './invoices.ts'
import { createLink, linkParams, retrieveLink } from './links.ts'
import { eventListing, listings, readable } from './listings.ts'
import { list } from './lists.ts'
import { ownAccount } from './own-account.ts'
import { expand, readParams } from './params.ts'
import { createPortalSession, portalParams } from './portal.ts'
import { createRefund, refundParams } from './refunds.ts'
import {
  createSession,
  expireSession,
  listLineItems,
  pageParams,
  retrieveSession,
  sessionParams,
} from './sessions.ts'
import type { StripeObject } from './state.ts'
import {
  cancelParams,
  cancelSubscription,
  retrieveSubscription,
  updateParams,
  updateSubscription,
} from './subscriptions.ts'
import {
  createEndpoint,
  createEndpointParams,
  updateEndpoint,
  updateEndpointParams,
} from './webhook-endpoints.ts'

/** Checks the parameters, and returns what to do. Stripe's idempotency keys do not keep a failure of the check. */
type Call = (account: Account, id: string, params: Params) => () => object

function call<Schema extends z.ZodType>(
  schema: Schema,
  run: (account: Account, id: string, params: z.output<Schema>) => object,
): Call {
  return (account, id, params) => {
    const read = readParams(schema, params)
    return () => run(account, id, read)
  }
}

const nothing = z.strictObject({ expand })

const lists: Record<string, Call> = Object.fromEntries(
  Object.entries(listings).map(([path, { objects, ...listing }]) => [
    `GET ${path}`,
    ({ state }, _id, params) =>
      () =>
        list(state[objects] as Map<string, StripeObject>, params, path, listing),
  ]),
)

const reads: Record<string, Call> = Object.fromEntries(
  Object.entries(readable).map(([path, { objects, noun }]) => [
    `GET ${path}/:id`,
    call(nothing, ({ state }, id) => found(state[objects] as Map<string, StripeObject>, noun, id)),
  ]),
)

/** The endpoints that Ledgerhook and its commands use, and no others. `:id` is one segment. */
const calls: Record<string, Call> = {
  ...lists,
  ...reads,
  'GET /v1/account': call(nothing, ownAccount),
  'GET /v1/events': (account, _id, params) => () => listEvents(account, params),
  'POST /v1/webhook_endpoints': call(createEndpointParams, (account, _id, params) =>
    createEndpoint(account, params),
  ),
  'POST /v1/webhook_endpoints/:id': call(updateEndpointParams, updateEndpoint),
  'GET /v2/core/event_destinations': call(destinationParams, listDestinations),
  'POST /v1/customers': call(customerParams, (account, _id, params) => createCustomer(account, params)),
  'GET /v1/customers/:id': call(nothing, retrieveCustomer),
  'POST /v1/checkout/sessions': call(sessionParams, (account, _id, params) => createSession(account, params)),
  'GET /v1/checkout/sessions/:id': call(nothing, retrieveSession),
  'GET /v1/checkout/sessions/:id/line_items': call(pageParams, listLineItems),
  'POST /v1/checkout/sessions/:id/expire': call(nothing, expireSession),
  'GET /v1/invoices/:id/lines': call(pageParams, (account, id) => linesOf(account, id)),
  'POST /v1/payment_links': call(linkParams, (account, _id, params) => createLink(account, params)),
  'GET /v1/payment_links/:id': call(nothing, retrieveLink),
  'POST /v1/billing_portal/sessions': call(portalParams, (account, _id, params) =>
    createPortalSession(account, params),
  ),
  'GET /v1/charges/:id': call(chargeParams, retrieveCharge),
  'POST /v1/refunds': call(refundParams, (account, _id, params) => createRefund(account, params)),
  'GET /v1/subscriptions/:id': call(nothing, retrieveSubscription),
  'POST /v1/subscriptions/:id': call(updateParams, updateSubscription),
  'DELETE /v1/subscriptions/:id': call(cancelParams, cancelSubscription),
}

function listEvents({ state, now }: Account, params: Params) {
  return list(state.events, params, '/v1/events', eventListing(state.delivered, now()))
}

/** Returns the call for a method and a path. @throws ApiError 404 when there is none */
export function findCall(method: string, path: string): { run: Call; id: string; route: string } {
  for (const [route, run] of Object.entries(calls)) {
    const match = new RegExp(`^${route.replace(':id', '([^/]+)')}$`).exec(`${method} ${path}`)
    if (match) return { run, id: decodeURIComponent(match[1] ?? ''), route }
  }
  throw new ApiError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). Please see https://docs.stripe.com/api.`,
  })
}
