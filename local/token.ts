import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags, wholeNumber } from '../cli/shared/flags.ts'
import { readSettings } from './dev-vars.ts'
import { readSessionKey } from './session-key.ts'
import { sessionClaims, signSessionToken } from './session-token.ts'

const HELP = `
npm run --silent token -- <user id> [options]   prints a session token of this user, as Clerk would sign it

  --expires SECONDS    by default 3600; Clerk's own tokens live for 60
  --origin URL         the app that the user signed in from (azp); by default none, as native apps have none

Signed with the key that \`npm run dev\` made for this machine, in .local/session-key.pem. Its public half is
CLERK_JWT_KEY in .dev.vars: no other Worker accepts the token.

example
  curl -H "Authorization: Bearer $(npm run --silent token -- user_ada)" http://127.0.0.1:8787/api/me
`

await runCommand(async () => {
  const { values, positionals } = readFlags(
    HELP,
    { expires: { type: 'string' }, origin: { type: 'string' } },
    { allowPositionals: true },
  )
  const [user, ...rest] = positionals
  if (!user || rest.length > 0) throw new LocalError('name one user, such as user_ada; --help says more')
  const { CLERK_JWT_KEY, CLERK_ISSUER } = readSettings().settings
  const claims = sessionClaims({
    user,
    origin: values.origin,
    ...(CLERK_ISSUER && { issuer: CLERK_ISSUER }),
    expiresInSeconds: wholeNumber(values.expires, '--expires', 1, 10 ** 9) ?? 3600,
  })
  console.log(await signSessionToken(signingKey(CLERK_JWT_KEY), claims))
})

/** Returns the private key. Throws a LocalError if the Worker does not verify with its public half. */
function signingKey(configured: string | undefined): string {
  const pair = readSessionKey()
  if (!pair || !configured) {
    throw new LocalError(
      'no key to sign with: `npm run dev` makes one and writes .dev.vars, when there is no .dev.vars yet',
    )
  }
  if (bare(configured) !== bare(pair.publicKey)) {
    throw new LocalError(
      'CLERK_JWT_KEY is not the public half of .local/session-key.pem: tokens for it are signed by Clerk',
    )
  }
  return pair.privateKey
}

/** Removes line breaks, which a dotenv file can write as `\n`. */
function bare(pem: string): string {
  return pem.replaceAll('\\n', '').replaceAll(/\s/g, '')
}
