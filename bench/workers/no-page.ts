// Replaces the operators' page, so that its cost at the start of an isolate can be measured.

export const page = () => ({ fetch: () => new Response(null, { status: 404 }) })
