/** A key pair as PEM: PKCS #8 and SPKI, the form in which Clerk shows its public key. */
export interface KeyPair {
  privateKey: string
  publicKey: string
}

/** The instance's only key: Clerk names a key after its instance. */
export const SESSION_KEY_ID = 'ins_local'

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** Returns a new RSA key pair of 2048 bits, as Clerk's are. */
export async function generateKeyPair(): Promise<KeyPair> {
  const algorithm = { ...RS256, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  return {
    privateKey: pem('PRIVATE KEY', (await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer),
    publicKey: pem('PUBLIC KEY', (await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer),
  }
}

export interface SessionOptions {
  user: string
  /** The app's origin, from which the user signed in: `azp`. Native apps have none. */
  origin?: string | undefined
  issuer?: string
  /** Clerk's own tokens are valid for 60 seconds. */
  expiresInSeconds?: number
}

/** Returns the claims of a session token, as Clerk makes them (Clerk: session tokens, version 2). */
export function sessionClaims({ user, origin, issuer, expiresInSeconds = 60 }: SessionOptions) {
  const now = Math.floor(Date.now() / 1000)
  return {
    ...(origin && { azp: origin }),
    exp: now + expiresInSeconds,
    fva: [0, -1],
    iat: now,
    iss: issuer ?? 'https://clerk.ledgerhook.test',
    nbf: now - 10,
    sid: `sess_${user}`,
    sts: 'active',
    sub: user,
    v: 2,
  }
}

/** Signs the claims as Clerk does, as a JWT with RS256. */
export async function signSessionToken(privateKeyPem: string, claims: object): Promise<string> {
  const content = `${encode({ alg: 'RS256', kid: SESSION_KEY_ID, typ: 'JWT' })}.${encode(claims)}`
  const der = Uint8Array.from(atob(privateKeyPem.replaceAll(/-----.*?-----|\s/g, '')), byteOf)
  const key = await crypto.subtle.importKey('pkcs8', der, RS256, false, ['sign'])
  const signature = await crypto.subtle.sign(RS256, key, new TextEncoder().encode(content))
  return `${content}.${base64url(new Uint8Array(signature))}`
}

export const encode = (json: unknown) => base64url(new TextEncoder().encode(JSON.stringify(json)))

export const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const byteOf = (character: string) => character.charCodeAt(0)

function pem(label: string, der: ArrayBuffer): string {
  const lines = btoa(String.fromCharCode(...new Uint8Array(der))).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
