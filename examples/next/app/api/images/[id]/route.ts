import { createHash } from 'node:crypto'
import { auth } from '@clerk/nextjs/server'
import { giveBack, spend } from '../../../../ledgerhook'

/** Credits for one image. */
const PRICE = 3

/** Paints an image. 402 means: buy credits first; 409: this id has failed before, so take another one. */
export async function PUT(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { userId } = await auth()
  if (!userId) return Response.json({ error: 'unauthorized' }, { status: 401 })
  const prompt = await request.text()
  const key = keyOf(userId, (await params).id, prompt)
  const spent = await spend(userId, PRICE, key)
  if (spent === 'too_few_credits') return Response.json({ error: spent }, { status: 402 })
  // It failed before. Without this, the next try would be free.
  if (spent === 'given_back') return Response.json({ error: 'id_used' }, { status: 409 })
  try {
    return Response.json({ image: await paint(prompt) })
  } catch (error) {
    await giveBack(userId, key)
    throw error
  }
}

/** Returns what is paid once: this prompt under this id. Without the prompt, other images would be free. */
const keyOf = (userId: string, id: string, prompt: string) =>
  `image:${userId}:${id}:${createHash('sha256').update(prompt).digest('base64')}`

/** Stands for the work that costs you something. */
async function paint(prompt: string): Promise<string> {
  if (!prompt.trim()) throw new Error('nothing to paint')
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${prompt.replaceAll(/[<&]/g, '')}</title></svg>`
}
