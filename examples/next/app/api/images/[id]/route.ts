import { auth } from '@clerk/nextjs/server'
import { giveBack, spend } from '../../../../ledgerhook'

/** Credits for one image. */
const PRICE = 3

/** Paints an image, once for each id. 402 means: buy credits first. */
export async function PUT(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { userId } = await auth()
  if (!userId) return Response.json({ error: 'unauthorized' }, { status: 401 })
  const key = `image:${userId}:${(await params).id}`
  if (!(await spend(userId, PRICE, key))) return Response.json({ error: 'too_few_credits' }, { status: 402 })
  try {
    return Response.json({ image: await paint(await request.text()) })
  } catch (error) {
    await giveBack(userId, key)
    throw error
  }
}

/** Stands for the work that costs you something. */
async function paint(prompt: string): Promise<string> {
  if (!prompt.trim()) throw new Error('nothing to paint')
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${prompt.replaceAll(/[<&]/g, '')}</title></svg>`
}
