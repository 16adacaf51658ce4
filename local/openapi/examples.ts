/** An example of a request. */
export interface Example {
  /** Parameters of the path and the query, by name. */
  parameters?: Record<string, string | number>
  body?: object
}

const user = { parameters: { id: 'user_ada' } }

/** Example requests for the routes that take parameters or a body, by path. A test sends each of them. */
export const examples: Record<string, Example> = {
  '/api/wallet': { parameters: { limit: 20 } },
  '/api/checkout': { body: { pack: 'starter' } },
  '/api/checkout/{id}': { parameters: { id: 'cs_test_1' } },
  '/api/wallet/spend': {
    body: {
      user_id: 'user_ada',
      amount: 3,
      idempotency_key: 'image_1',
      note: 'An image',
      reference: 'job_1',
    },
  },
  '/api/wallet/give-back': {
    body: { user_id: 'user_ada', spend_key: 'image_1', idempotency_key: 'failed_1', note: 'The job failed' },
  },
  '/api/wallet/grant': {
    body: {
      user_id: 'user_ada',
      amount: 50,
      idempotency_key: 'friend_1',
      note: 'A friend',
      campaign: 'friends',
    },
  },
  '/api/users/{id}/wallet': { parameters: { ...user.parameters, limit: 20 } },
  '/api/users/{id}/entitlements': user,
  '/api/ops/explain/{id}': user,
  '/api/ops/deliveries': { parameters: { outcome: 'parked', reason: 'unknown_user' } },
  '/api/ops/deliveries/{provider}/{event}': { parameters: { provider: 'stripe', event: 'evt_1' } },
  '/api/ops/find': user,
  '/api/ops/rates': { parameters: { hours: 24 } },
  '/api/webhooks/clerk': { body: { object: 'event', type: 'session.created', data: { id: 'sess_1' } } },
  '/api/webhooks/stripe': {
    body: {
      id: 'evt_1',
      object: 'event',
      type: 'product.created',
      livemode: false,
      created: 1_764_115_200,
      data: { object: { id: 'prod_1', object: 'product' } },
    },
  },
}
