// The API as types, made from its OpenAPI document by openapi-typescript: `npm run generate` writes this file, and
// `npm run check` compares it.

export interface paths {
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The signed-in user
         * @description Creates the user and the wallet if Clerk’s webhook has not come yet.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Clerk’s user id */
                            id: string;
                            /** @description Null until Clerk’s webhook has come */
                            email: string | null;
                            name: string | null;
                            /** @description Credits */
                            balance: number;
                            /** @description Whether banned in Clerk: may neither spend nor buy */
                            banned: boolean;
                            /** @description Of several, the one that entitles to most */
                            subscription: {
                                id: string;
                                /** @description As Stripe names it */
                                status: string;
                                /** @description The lookup key of its price, else the key in PLANS */
                                plan: string | null;
                                /** @description Stripe’s price id */
                                price: string | null;
                                current_period_end: string | null;
                                cancel_at_period_end: boolean;
                                cancel_at: string | null;
                                /** @description Whether Stripe collects no money for it now */
                                collection_paused: boolean;
                            } | null;
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wallet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Balance and ledger entries, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description The `next_cursor` of the page before */
                    cursor?: string;
                    /** @example 20 */
                    limit?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Credits, now */
                            balance: number;
                            entries: {
                                id: number;
                                kind: string;
                                /** @description Credits, signed: what comes in is positive */
                                amount: number;
                                /** @description The balance right after this entry */
                                balance_after: number;
                                note: string | null;
                                /** @description What a spend was for: a job, an order */
                                reference: string | null;
                                /** Format: date-time */
                                created_at: string;
                            }[];
                            /** @description Null on the last page */
                            next_cursor: string | null;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/checkout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A Stripe Checkout Session for a credit pack or a plan
         * @description Send the person to `url`. The customer at Stripe is created once, but each call creates a new session. Several sessions for packs can all be paid. A session for a plan expires the user’s other open one of the same group.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "pack": "starter"
                     *     }
                     */
                    "application/json": {
                        /** @description A name in `CREDIT_PACKS` */
                        pack?: string;
                        /** @description A key in `PLANS`, or a Stripe price id if several prices have that key */
                        plan?: string;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            id: string;
                            /** @description Where to pay */
                            url: string;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Payment required */
                402: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payment_declined";
                            code: string | null;
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "user_deactivated" | "user_banned";
                        };
                    };
                };
                /** @description Conflict */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "already_subscribed" | "currency_conflict";
                            /** @description With `already_subscribed`: the route where the user changes the plan */
                            portal?: string;
                        };
                    };
                };
                /** @description Body above 1 MiB */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payload_too_large";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description Stripe refused */
                502: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "stripe_refused";
                            code: string | null;
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "unavailable" | "stripe_busy" | "stripe_unavailable";
                            code?: string | null;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/checkout/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of a Checkout Session, after the person has come back
         * @description Reads the session from Stripe and settles it as its webhook does. Whichever comes first credits it, and the other does nothing. With `payment_pending`, ask again; the webhook credits it once the money has arrived. If the bank refuses, it stays `payment_pending`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /**
                     * @description The `session_id` that Stripe puts into the success URL
                     * @example cs_test_1
                     */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            id: string;
                            /** @description Stripe’s: `open`, `complete` or `expired` */
                            status: string | null;
                            /** @description Stripe’s: `paid`, `unpaid` or `no_payment_required` */
                            payment_status: string;
                            /** @description As for a webhook: `applied`, `duplicate`, `ignored`, … */
                            outcome: string;
                            reason: string | null;
                            /** @description Credits, now */
                            balance: number;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Payment required */
                402: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payment_declined";
                            code: string | null;
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "not_found";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description Stripe refused */
                502: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "stripe_refused";
                            code: string | null;
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "unavailable" | "stripe_busy" | "stripe_unavailable";
                            code?: string | null;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billing-portal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stripe’s customer portal: plan, cards, invoices
         * @description For users who have bought something: without a Stripe customer there is nothing to manage (`no_customer`). A customer who came by a Payment Link is shown only to the user whose verified address it has.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Where to send the person */
                            url: string;
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Payment required */
                402: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payment_declined";
                            code: string | null;
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description Conflict */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "no_customer";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description Stripe refused */
                502: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "stripe_refused";
                            code: string | null;
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "unavailable" | "stripe_busy" | "stripe_unavailable";
                            code?: string | null;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wallet/spend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take credits from a wallet, once per idempotency key
         * @description Never below zero. The same key again takes nothing and returns the same. The header `Ledgerhook-Given-Back` then has the credits that were given back since: another try needs another key. A refused key has written nothing and may be tried again.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "user_id": "user_ada",
                     *       "amount": 3,
                     *       "idempotency_key": "image_1",
                     *       "note": "An image",
                     *       "reference": "job_1"
                     *     }
                     */
                    "application/json": {
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        user_id: string;
                        /** @description Credits */
                        amount: number;
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        idempotency_key: string;
                        /** @description No personal data */
                        note?: string | null;
                        /** @description What it is for: a job, an order */
                        reference?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Credits, right after this spend */
                            balance: number;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Payment required */
                402: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "insufficient_credits";
                            balance: number;
                            /** @description The route that sells credits, for the signed-in user to call */
                            checkout: string;
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "user_deactivated" | "user_banned";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unknown_user";
                        };
                    };
                };
                /** @description Conflict */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "idempotency_key_reused";
                        };
                    };
                };
                /** @description Body above 1 MiB */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payload_too_large";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wallet/give-back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give back a spend, or a part of it, once per idempotency key
         * @description Never more than the spend took, however many calls there are. The same key again returns the same result. A refused key has written nothing and may be tried again.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "user_id": "user_ada",
                     *       "spend_key": "image_1",
                     *       "idempotency_key": "failed_1",
                     *       "note": "The job failed"
                     *     }
                     */
                    "application/json": {
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        user_id: string;
                        /** @description The `idempotency_key` of the spend */
                        spend_key: string;
                        /** @description Credits. Without it: all that is left of the spend */
                        amount?: number | null;
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        idempotency_key: string;
                        /** @description No personal data */
                        note?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Credits, right after this give-back */
                            balance: number;
                            /** @description Credits that this key gave back */
                            given_back: number;
                            /** @description Whether the wallet was already closed, because its user is deleted */
                            closed: boolean;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "unknown_user" | "unknown_spend";
                        };
                    };
                };
                /** @description Conflict */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "more_than_spent" | "idempotency_key_reused" | "limit_exceeded";
                            /** @description With `more_than_spent`: credits that can still be given back */
                            left?: number;
                        };
                    };
                };
                /** @description Body above 1 MiB */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payload_too_large";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wallet/grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Grant credits that nobody paid for, once per idempotency key
         * @description Within `GRANT_LIMIT`, and within the caps of the campaign. The same key again returns the balance right after its grant. A refused key has written nothing and may be tried again.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "user_id": "user_ada",
                     *       "amount": 50,
                     *       "idempotency_key": "friend_1",
                     *       "note": "A friend",
                     *       "campaign": "friends"
                     *     }
                     */
                    "application/json": {
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        user_id: string;
                        /** @description Credits */
                        amount: number;
                        /** @description Printable ASCII without spaces, at most 255 characters */
                        idempotency_key: string;
                        /** @description Why. No personal data */
                        note: string;
                        /** @description A name in `CAMPAIGNS` */
                        campaign?: string | null;
                    };
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Credits, right after this grant */
                            balance: number;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "grants_off" | "user_deactivated";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unknown_user";
                        };
                    };
                };
                /** @description Conflict */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "campaign_exhausted" | "grant_limit_exceeded" | "idempotency_key_reused" | "limit_exceeded";
                            /** @description The cap that it would exceed */
                            limit?: string;
                            /** @description Credits that are left of that cap */
                            left?: number;
                        };
                    };
                };
                /** @description Body above 1 MiB */
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "payload_too_large";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/wallet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Balance and ledger entries of any user, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description The `next_cursor` of the page before */
                    cursor?: string;
                    /** @example 20 */
                    limit?: number;
                };
                header?: never;
                path: {
                    /**
                     * @description Clerk’s user id
                     * @example user_ada
                     */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Credits, now */
                            balance: number;
                            entries: {
                                id: number;
                                kind: string;
                                /** @description Credits, signed: what comes in is positive */
                                amount: number;
                                /** @description The balance right after this entry */
                                balance_after: number;
                                note: string | null;
                                /** @description What a spend was for: a job, an order */
                                reference: string | null;
                                /** Format: date-time */
                                created_at: string;
                            }[];
                            /** @description Null on the last page */
                            next_cursor: string | null;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unknown_user";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}/entitlements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a user may use now: plan and balance
         * @description For your backend to ask before it does something. Send the `ETag` back as `If-None-Match`: while nothing has changed, the response is 304 without a body.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /**
                     * @description Clerk’s user id
                     * @example user_ada
                     */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @description Of several subscriptions, the one that entitles to most */
                            plan: string | null;
                            /** @description The status of its subscription, as Stripe names it */
                            status: string | null;
                            cancel_at: string | null;
                            /** @description Whether Stripe collects no money for it now */
                            collection_paused: boolean;
                            /** @description Whether banned in Clerk: may neither spend nor buy */
                            banned: boolean;
                            /** @description Credits */
                            balance: number;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not allowed */
                403: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "user_deactivated";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unknown_user";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the Worker responds, without the database */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            status: "ok";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the database is reachable, and has the migrations and functions of this build */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            status: "ready";
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            status: "not_migrated" | "functions_outdated" | "wrong_isolation" | "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/explain/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Why a balance is what it is, or what became of a payment, an event or a reference
         * @description Entries in the order of time; of a long history, the newest page. For the previous page, give its `next` as `before`. No payloads.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The `next` of the page that was read last */
                    before?: string;
                };
                header?: never;
                path: {
                    /**
                     * @description The id of a user, a payment or an event, or the `reference` of a spend
                     * @example user_ada
                     */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            about: "user" | "payment" | "event" | "reference";
                            id: string;
                            user_id: string | null;
                            payment: string | null;
                            event: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            } | null;
                            entries: {
                                id: number;
                                user_id: string;
                                kind: string;
                                /** @description Credits, signed */
                                amount: number;
                                balance_after: number;
                                payment: string | null;
                                note: string | null;
                                key: string;
                                /** @description What a spend was for */
                                reference: string | null;
                                /** @description The name of the service token that asked for it */
                                caller: string | null;
                                campaign: string | null;
                                created_at: string;
                                /** @description For a spend: credits that came back */
                                given_back: number | null;
                                /** @description For a give-back: the spend */
                                reverses: {
                                    id: number;
                                    key: string;
                                    amount: number;
                                } | null;
                                /** @description The delivery that caused it */
                                delivery: {
                                    event: string;
                                    type: string | null;
                                    /** @enum {string} */
                                    outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                    reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                    provider: string;
                                    via: string;
                                    attempts: number;
                                    user_id: string | null;
                                    occurred_at: string | null;
                                    received_at: string;
                                    settled_at: string | null;
                                    /** @description The build that decided it */
                                    build: string | null;
                                    /** @description The hash of the settings that decided it */
                                    settings_hash: string | null;
                                } | null;
                                /** @description The entry in plain words */
                                says: string;
                            }[];
                            /** @description Where older entries begin; null on the last page */
                            next: number | null;
                            /** @description Credits: the sum of all entries; null above 100,000 entries */
                            sum: number | null;
                            /** @description The user’s present balance, in credits */
                            balance: number | null;
                            /** @description Parked, rejected, or given up */
                            waiting: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            }[];
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "not_found";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/deep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a critical alert is open, for an uptime service */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            status: "ok";
                            critical: number;
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            status: "critical";
                            critical: number;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The alerts that are or were open */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            alerts: ({
                                alert: string;
                                says: string | null;
                            } & {
                                [key: string]: unknown;
                            })[];
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/rates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the webhooks received in each hour, with the error and fallback rates */
        get: {
            parameters: {
                query?: {
                    /**
                     * @description 1 to 720, by default 24
                     * @example 24
                     */
                    hours?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            since: string;
                            total: {
                                requests: number;
                                verified: number;
                                refused: number;
                                /** @description 5xx */
                                unavailable: number;
                                error_rate: number | null;
                                fallback_rate: number | null;
                                outcomes: {
                                    [key: string]: number;
                                };
                                fallbacks: {
                                    [key: string]: number;
                                };
                                database_p95_ms: number | null;
                                oldest_parked_hours: number | null;
                            };
                            hours: {
                                hour: string;
                                requests: number;
                                verified: number;
                                refused: number;
                                /** @description 5xx */
                                unavailable: number;
                                error_rate: number | null;
                                fallback_rate: number | null;
                                outcomes: {
                                    [key: string]: number;
                                };
                                fallbacks: {
                                    [key: string]: number;
                                };
                                database_p95_ms: number | null;
                                oldest_parked_hours: number | null;
                                /** @description From Analytics Engine, if it is read */
                                metrics: {
                                    [key: string]: unknown;
                                } | null;
                            }[];
                            kinds: ({
                                provider: string;
                                outcome: string;
                                count: number;
                            } & {
                                [key: string]: unknown;
                            })[];
                            /** @description Whether Analytics Engine is read */
                            metrics: string;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What needs attention: the first page of `/ops` */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            build: string;
                            /** @description The status that `/api/ready` returns */
                            status: string;
                            migration: string | null;
                            alerts: ({
                                alert: string;
                                state: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                            /** @description What is parked or rejected, by reason */
                            waiting: ({
                                outcome: string;
                                reason: string;
                                count: number;
                            } & {
                                [key: string]: unknown;
                            })[];
                            /** @description What else needs attention */
                            besides: {
                                [key: string]: number;
                            };
                            /** @description The users behind these numbers, at most 50 of each */
                            behind: {
                                [key: string]: unknown;
                            }[];
                            /** @description Differences from Stripe and Clerk */
                            differences: {
                                [key: string]: unknown;
                            }[];
                            hours: {
                                [key: string]: unknown;
                            }[];
                            days: {
                                [key: string]: unknown;
                            }[];
                            secrets: {
                                [key: string]: unknown;
                            }[];
                            tasks: {
                                [key: string]: unknown;
                            }[];
                            reconciled: {
                                [key: string]: unknown;
                            } | null;
                            /** @description The largest tables */
                            stored: {
                                [key: string]: unknown;
                            }[];
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Deliveries, the newest first, and what each waits for
         * @description A page has 50. For the one after it, give its `next` as `before_at` and `before_id`. No payloads.
         */
        get: {
            parameters: {
                query?: {
                    provider?: "clerk" | "stripe";
                    /** @description The type of the event */
                    type?: string;
                    /** @example parked */
                    outcome?: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                    /** @example unknown_user */
                    reason?: "already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email";
                    /** @description The user that they are about */
                    user_id?: string;
                    /** @description The id of the event, or of an object that it is about */
                    id?: string;
                    /** @description A moment in ISO 8601, in UTC without an offset */
                    since?: string;
                    /** @description The end, in the same form */
                    until?: string;
                    /** @description The first of `next` */
                    before_at?: string;
                    /** @description The second of `next` */
                    before_id?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            deliveries: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            }[];
                            /** @description Null on the last page */
                            next: string[] | null;
                            /** @description If the search stopped early, the moment that it reached: the next `before_at` */
                            searched_to: string | null;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/deliveries/{provider}/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of one delivery */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @example stripe */
                    provider: string;
                    /** @example evt_1 */
                    event: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            delivery: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            };
                            has_payload: boolean;
                            entries: {
                                id: number;
                                user_id: string;
                                kind: string;
                                /** @description Credits, signed */
                                amount: number;
                                balance_after: number;
                                payment: string | null;
                                note: string | null;
                                key: string;
                                /** @description What a spend was for */
                                reference: string | null;
                                /** @description The name of the service token that asked for it */
                                caller: string | null;
                                campaign: string | null;
                                created_at: string;
                                /** @description For a spend: credits that came back */
                                given_back: number | null;
                                /** @description For a give-back: the spend */
                                reverses: {
                                    id: number;
                                    key: string;
                                    amount: number;
                                } | null;
                                /** @description The delivery that caused it */
                                delivery: {
                                    event: string;
                                    type: string | null;
                                    /** @enum {string} */
                                    outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                    reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                    provider: string;
                                    via: string;
                                    attempts: number;
                                    user_id: string | null;
                                    occurred_at: string | null;
                                    received_at: string;
                                    settled_at: string | null;
                                    /** @description The build that decided it */
                                    build: string | null;
                                    /** @description The hash of the settings that decided it */
                                    settings_hash: string | null;
                                } | null;
                                /** @description The entry in plain words */
                                says: string;
                            }[];
                            actions: ({
                                at: string;
                                operator: string;
                                action: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "not_found";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything known about a user, a payment, an event or a reference */
        get: {
            parameters: {
                query: {
                    /** @example user_ada */
                    id: string;
                    /** @description The `next` of the page that was read last */
                    before?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            id: string;
                            about: string;
                            payment: string | null;
                            event: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            } | null;
                            user_id: string | null;
                            user: {
                                [key: string]: unknown;
                            } | null;
                            balance: number | null;
                            /** @description Null above 100,000 entries */
                            sum: number | null;
                            next: number | null;
                            entries: {
                                id: number;
                                user_id: string;
                                kind: string;
                                /** @description Credits, signed */
                                amount: number;
                                balance_after: number;
                                payment: string | null;
                                note: string | null;
                                key: string;
                                /** @description What a spend was for */
                                reference: string | null;
                                /** @description The name of the service token that asked for it */
                                caller: string | null;
                                campaign: string | null;
                                created_at: string;
                                /** @description For a spend: credits that came back */
                                given_back: number | null;
                                /** @description For a give-back: the spend */
                                reverses: {
                                    id: number;
                                    key: string;
                                    amount: number;
                                } | null;
                                /** @description The delivery that caused it */
                                delivery: {
                                    event: string;
                                    type: string | null;
                                    /** @enum {string} */
                                    outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                    reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                    provider: string;
                                    via: string;
                                    attempts: number;
                                    user_id: string | null;
                                    occurred_at: string | null;
                                    received_at: string;
                                    settled_at: string | null;
                                    /** @description The build that decided it */
                                    build: string | null;
                                    /** @description The hash of the settings that decided it */
                                    settings_hash: string | null;
                                } | null;
                                /** @description The entry in plain words */
                                says: string;
                            }[];
                            payments: {
                                [key: string]: unknown;
                            }[];
                            subscriptions: {
                                [key: string]: unknown;
                            }[];
                            waiting: {
                                event: string;
                                type: string | null;
                                /** @enum {string} */
                                outcome: "applied" | "duplicate" | "stale" | "ignored" | "parked" | "rejected" | "queued";
                                reason: ("already_processed" | "payment_already_credited" | "period_already_granted" | "older_than_stored" | "user_deleted" | "unhandled_type" | "ping" | "connected_account" | "mode_mismatch" | "instance_mismatch" | "not_ours" | "other_app" | "before_start" | "payment_pending" | "no_effect" | "settled_by_hand" | "unknown_user" | "unknown_customer" | "unknown_payment" | "unknown_price" | "unknown_invoice" | "ambiguous_order" | "incomplete_invoice" | "currency_mismatch" | "incomplete_refunds" | "incomplete_session" | "unlinked_payment" | "unreadable" | "invalid_metadata" | "reference_mismatch" | "customer_mismatch" | "payment_mismatch" | "limit_exceeded" | "user_deactivated" | "missing_email") | null;
                                provider: string;
                                via: string;
                                attempts: number;
                                user_id: string | null;
                                occurred_at: string | null;
                                received_at: string;
                                settled_at: string | null;
                                /** @description The build that decided it */
                                build: string | null;
                                /** @description The hash of the settings that decided it */
                                settings_hash: string | null;
                                /** @description The code with which Postgres refused it */
                                sqlstate: string | null;
                                /** @description Ids of the objects that it is about */
                                about: string[] | null;
                                is_final: boolean;
                                /** @description The function that applies it when it no longer waits */
                                verb: string | null;
                                waits_for: {
                                    subject: string;
                                    retry_at: string | null;
                                }[];
                            }[];
                            actions: ({
                                at: string;
                                operator: string;
                                action: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "not_found";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ops/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What operators have done, the newest first */
        get: {
            parameters: {
                query?: {
                    /** @description The `next` of the page that was read last */
                    before?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            actions: ({
                                at: string;
                                operator: string;
                                action: string;
                            } & {
                                [key: string]: unknown;
                            })[];
                            next: number | null;
                        };
                    };
                };
                /** @description Refused */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "invalid_request";
                            fields: {
                                [key: string]: string[];
                            };
                        };
                    };
                };
                /** @description Unauthorized */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unauthorized";
                        };
                    };
                };
                /** @description A setting is missing or malformed, or a mistake of ours */
                500: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            error: "misconfigured" | "internal";
                        };
                    };
                };
                /** @description It is not known whether anything was done: try again */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @constant */
                            error: "unavailable";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
