// In place of the operators' page, so that what it costs the start of an isolate can be measured.

export const page = () => ({ fetch: () => new Response(null, { status: 404 }) })
