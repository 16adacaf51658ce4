import type { StripeObject } from './object.ts'

/** Returns the product of a price. Stripe shows it by its id. */
export function productOf({ product, nickname }: StripeObject): StripeObject {
  return {
    id: String(product),
    object: 'product',
    active: true,
    created: 1_700_000_000,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: String(nickname ?? 'A plan'),
    package_dimensions: null,
    shippable: null,
    tax_code: null,
    statement_descriptor: null,
    type: 'service',
    unit_label: null,
    updated: 1_700_000_000,
    url: null,
  }
}

/** Adds the products of new prices, because at Stripe every price has a product. */
export function addProducts(products: Map<string, StripeObject>, prices: Iterable<StripeObject>): void {
  for (const price of prices) {
    const product = productOf(price)
    if (!products.has(product.id)) products.set(product.id, product)
  }
}

/** Returns the settings of the customer portal, as saved in the Dashboard. */
export function savedPortal(): StripeObject {
  return {
    id: 'bpc_ledgerhook',
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    created: 1_700_000_000,
    default_return_url: null,
    is_default: true,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: {},
    name: null,
    updated: 1_700_000_000,
    features: {
      customer_update: { enabled: false, allowed_updates: [] },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true, payment_method_configuration: null },
      subscription_cancel: {
        enabled: true,
        mode: 'at_period_end',
        proration_behavior: 'none',
        cancellation_reason: { enabled: false, options: ['too_expensive', 'other'] },
      },
      subscription_update: {
        enabled: false,
        default_allowed_updates: [],
        products: null,
        proration_behavior: 'none',
        billing_cycle_anchor: 'unchanged',
        trial_update_behavior: 'end_trial',
        schedule_at_period_end: { conditions: [] },
      },
    },
  }
}
