import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { projectDir } from '../../cli/shared/project.ts'
import { type Described, refusal } from '../../src/api/route.ts'
import { routes } from '../../src/api/routes.ts'
import { described } from './described.ts'
import { type Example, examples } from './examples.ts'

const SECURITY = {
  user: ['session', 'Clerk’s session token of the signed-in user'],
  service: ['service', '`SERVICE_TOKEN`: your own backend'],
  operator: ['operator', '`OPS_TOKEN`'],
} as const
const PROTECTED = Object.keys(SECURITY)

/** The groups of the document in their order, by who may call. */
const TAGS = {
  user: ['Signed-in users', 'By Clerk’s session token, also from a browser'],
  service: ['Your backend', 'By a token of `SERVICE_TOKEN`, never from a browser'],
  operator: ['Operators', 'By a token of `OPS_TOKEN`'],
  anyone: ['Anyone', 'Without a token, for monitoring'],
  provider: ['Clerk and Stripe', 'Each request has its signature: `npm run send` makes one'],
} as const satisfies Record<Described['caller'], readonly [string, string]>

const invalid = refusal('invalid_request', () => ({ fields: z.record(z.string(), z.array(z.string())) }))

const REASONS: Record<string, string> = {
  400: 'Refused',
  401: 'Unauthorized',
  402: 'Payment required',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Body above 1 MiB',
  500: 'A setting is missing or malformed, or a mistake of ours',
  502: 'Stripe refused',
  503: 'It is not known whether anything was done: try again',
}

/** Returns the OpenAPI 3.1 document of these routes, made from the schemas that validate their requests. */
export function openapi(routes: Described[]) {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ledgerhook',
      version: packageVersion(),
      description: 'Clerk users and Stripe payments, kept true in your own Postgres, from the edge.',
    },
    tags: Object.values(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: Object.fromEntries(
        Object.values(SECURITY).map(([name, description]) => [
          name,
          { type: 'http', scheme: 'bearer', description },
        ]),
      ),
    },
  }
}

const packageVersion = (): string =>
  JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).version

/**
 * The file from which the Worker serves its document. It is generated, so that the code which describes schemas is not
 * deployed.
 */
export const DOCUMENT_FILE = join(projectDir, 'src/api/openapi.gen.ts')

/** Returns the text of that file, made from the routes. */
export const madeDocument = () =>
  `// The OpenAPI document of the API: \`npm run generate\` writes it from the routes, and \`npm run check\` compares it.\nexport const OPENAPI =\n  ${inQuotes(JSON.stringify(openapi([...routes, ...described])))}\n`

const inQuotes = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

export type Document = ReturnType<typeof openapi>
export type Operation = ReturnType<typeof operation>
export type Schema = { [member: string]: unknown }

function operation(route: Described) {
  const example = examples[route.path] ?? {}
  const security = SECURITY[route.caller as keyof typeof SECURITY]
  return {
    summary: route.summary,
    tags: [TAGS[route.caller][0]],
    ...(route.description && { description: route.description }),
    ...(security && { security: [{ [security[0]]: [] }] }),
    parameters: [...parameters('path', route.params, example), ...parameters('query', route.query, example)],
    ...(route.body && { requestBody: { required: true, content: json(schemaOf(route.body), example.body) } }),
    responses: Object.fromEntries(
      Object.entries({ 200: route.response, ...commonRefusals(route), ...route.refusals }).map(
        ([status, schema]) => [
          status,
          { description: REASONS[status] ?? 'Done', content: json(schemaOf(schema)) },
        ],
      ),
    ),
  }
}

function commonRefusals({ caller, query, params, body }: Described): Record<number, () => z.ZodMiniType> {
  if (caller === 'anyone') return {}
  return {
    ...((query ?? params ?? body) && caller !== 'provider' && { 400: invalid }),
    ...(PROTECTED.includes(caller) && { 401: refusal('unauthorized') }),
    ...(body && { 413: refusal('payload_too_large') }),
    500: () => z.object({ error: z.enum(['misconfigured', 'internal']) }),
    ...(caller !== 'operator' && { 503: refusal('unavailable') }),
  }
}

function parameters(place: 'path' | 'query', fields: Described['params'], given: Example) {
  const { properties = {}, required = [] } = fields
    ? (schemaOf(fields) as { properties?: Record<string, Schema>; required?: string[] })
    : {}
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(typeof description === 'string' && { description }),
    ...(given.parameters?.[name] !== undefined && { example: given.parameters[name] }),
    schema: schema as Schema,
  }))
}

const json = (schema: Schema, example?: object) => ({
  'application/json': { schema, ...(example && { example }) },
})

/**
 * Returns the JSON Schema, which OpenAPI 3.1 takes unchanged. It describes zod's input: a schema of zod's output would
 * forbid new members, which a response may gain.
 */
function schemaOf(schema: () => z.ZodMiniType): Schema {
  const { $schema, ...rest } = z.toJSONSchema(schema(), {
    io: 'input',
    override: ({ jsonSchema }) => unbound(jsonSchema),
  })
  return rest
}

/** Removes the bounds that every whole number of JavaScript has, because they say nothing about this one. */
function unbound(schema: { minimum?: unknown; maximum?: unknown }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}
