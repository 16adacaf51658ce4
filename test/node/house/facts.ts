import { resolve, sep } from 'node:path'
import {
  type CallExpression,
  type Node,
  type ObjectLiteralExpression,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { API, type Checker, type Type, TypeFlags, type TypeReference } from 'typescript/unstable/sync'
import { filesOf } from './sources.ts'

/** The facts that TypeScript passes to a database function somewhere: the property names of the argument's type. */
export interface Given {
  name: string
  path: string
  facts: string[]
  /** The property names of facts that are themselves a document or a list of documents. */
  parts: Record<string, string[]>
}

/** Functions whose arguments are the database, the name of one of our database functions, and its facts. */
const CALLING = ['call', 'callFunction']

/** Returns everything that TypeScript passes to database functions, by the compiler's types. */
export function factsGiven(): Given[] {
  const api = new API({ cwd: process.cwd() })
  try {
    const snapshot = api.updateSnapshot({ openProjects: [resolve('tsconfig.json')] })
    const [project] = snapshot.getProjects()
    if (!project) throw new Error('tsconfig.json is no project')
    return filesOf('src', 'cli').flatMap((path) => {
      const file = project.program.getSourceFile(resolve(path).replaceAll(sep, '/'))
      return file ? givenIn(file, project.checker).map((given) => ({ ...given, path })) : []
    })
  } finally {
    api.close()
  }
}

function givenIn(node: Node, checker: Checker): Omit<Given, 'path'>[] {
  const found = [effectOf(node, checker) ?? callOf(node, checker) ?? []].flat()
  node.forEachChild((child) => void found.push(...givenIn(child, checker)))
  return found
}

/** `{ verb: 'spend', facts }` */
function effectOf(node: Node, checker: Checker): Omit<Given, 'path'> | undefined {
  if (node.kind !== SyntaxKind.ObjectLiteralExpression) return
  const properties = (node as ObjectLiteralExpression).properties.filter((property) => 'name' in property)
  const named = (name: string) => properties.find((property) => property.name?.getText() === name)
  const [verb, facts] = [named('verb')?.getText(), named('facts')]
  const [, name] = /^verb: '(\w+)'$/.exec(verb ?? '') ?? []
  if (!facts || name === undefined) return
  return { name, ...factsOf(checker.getTypeAtLocation(facts), checker) }
}

/** `call(db, 'spend', [facts])`, and a command's `callFunction(url, 'spend', facts)` */
function callOf(node: Node, checker: Checker): Omit<Given, 'path'> | undefined {
  if (node.kind !== SyntaxKind.CallExpression) return
  const { expression, arguments: given } = node as CallExpression
  const [, second, last] = given
  const [, name] = /^'(\w+)'$/.exec(second?.getText() ?? '') ?? []
  if (!CALLING.includes(expression.getText()) || name === undefined || !last) return
  const facts = last.kind === SyntaxKind.ArrayLiteralExpression ? onlyChild(last) : last
  return { name, ...factsOf(checker.getTypeAtLocation(facts), checker) }
}

function onlyChild(node: Node): Node {
  const children: Node[] = []
  node.forEachChild((child) => void children.push(child))
  const [only] = children
  if (!only || children.length > 1) throw new Error(`${node.getText()} is not one document`)
  return only
}

function factsOf(type: Type | undefined, checker: Checker): Pick<Given, 'facts' | 'parts'> {
  const properties = type ? checker.getPropertiesOfType(type) : []
  const parts = properties.map((property) => [
    property.name,
    partsOf(checker.getTypeOfSymbol(property), checker),
  ])
  return { facts: properties.map(({ name }) => name).sort(), parts: Object.fromEntries(parts) }
}

function partsOf(type: Type | undefined, checker: Checker): string[] {
  const given = type && checker.getNonNullableType(type)
  if (!given) return []
  const [element] = checker.isArrayType(given) ? checker.getTypeArguments(given as TypeReference) : [given]
  if (!element || !isDocument(element)) return []
  return checker
    .getPropertiesOfType(element)
    .map(({ name }) => name)
    .sort()
}

/** Texts and numbers have properties too. */
const isDocument = (type: Type) => (type.flags & (TypeFlags.Object | TypeFlags.Intersection)) !== 0
