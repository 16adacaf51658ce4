import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { projectDir } from '../../cli/shared/project.ts'
import { routes } from '../../src/api/routes.ts'
import { described } from './described.ts'
import { openapi } from './openapi.ts'

export const CLIENT_FILE = join(projectDir, 'client/schema.d.ts')

const HEADER = `// The API as types, made from its OpenAPI document by openapi-typescript: \`npm run generate\` writes this file, and
// \`npm run check\` compares it.

`

/** Returns the text of client/schema.d.ts, made from the routes. */
export async function madeClient(): Promise<string> {
  useTypeScript5()
  const { default: generate, astToString } = await import('openapi-typescript')
  const called = described.filter(({ caller }) => caller !== 'provider')
  const document = openapi([...routes, ...called])
  return HEADER + astToString(await generate(document as never))
}

/** Makes the generator use TypeScript 5, because it needs an API that TypeScript has only until version 6. */
function useTypeScript5(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(
        specifier === 'typescript' && context.parentURL?.includes('/openapi-typescript/')
          ? 'typescript-5'
          : specifier,
        context,
      ),
  })
}
