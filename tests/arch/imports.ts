/** @file Reads which module imports which, by TypeScript's own parser, in sources and in what was built of them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import ts from 'typescript'

export interface Import {
  readonly specifier: string
  /** Gone when the program runs. */
  readonly typeOnly: boolean
}

/** An import of one file: of another file (`to` is its path below the root) or of a package (`to` is its name). */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: 'file' | 'package'
  readonly typeOnly: boolean
}

/** Every module that a source text names: imports, re-exports, `import()`, `require()`, `createRequire(…)()`. */
export function importsOf(text: string, file: string): Import[] {
  const code = file.endsWith('.svelte') ? scriptsOf(text) : text
  const source = ts.createSourceFile(`${file}.ts`, code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS)
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      found.push({ specifier: node.moduleSpecifier.text, typeOnly })
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) {
        found.push({ specifier: node.argument.literal.text, typeOnly: true })
      }
    } else if (ts.isCallExpression(node) && isLoader(node.expression, source)) {
      const [name] = node.arguments
      if (name && ts.isStringLiteralLike(name)) found.push({ specifier: name.text, typeOnly: false })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isLoader(callee: ts.Expression, source: ts.SourceFile): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  return /^(require|require\.resolve|createRequire\(.*\))$/s.test(callee.getText(source))
}

function scriptsOf(component: string): string {
  return [...component.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, code]) => code ?? '').join('\n')
}

/** All imports of the files below `root`. Throws for an import of a file that is not there. */
export function importGraph(root: string): Edge[] {
  return sourcesIn(root).flatMap((path) => {
    const from = posix(relative(root, path))
    return importsOf(readFileSync(path, 'utf8'), path).map(({ specifier, typeOnly }): Edge => {
      if (!specifier.startsWith('.')) return { from, to: packageOf(specifier), kind: 'package', typeOnly }
      return { from, to: posix(relative(root, resolveFile(path, specifier))), kind: 'file', typeOnly }
    })
  })
}

function sourcesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|svelte)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(root, name))
    .sort()
}

/** `./view` is view.ts, view.svelte.ts or view/index.ts. */
function resolveFile(importer: string, specifier: string): string {
  const path = join(dirname(importer), specifier)
  const candidates = [path, `${path}.ts`, join(path, 'index.ts')]
  const found = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile())
  if (found === undefined) throw new Error(`${importer} imports ${specifier}, which is no file`)
  return found
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier.split('/')[0] ?? specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const posix = (path: string): string => path.split(sep).join('/')

/** The shortest way by imports that run from `from` to a file or package that `isGoal` accepts; null where there is none. */
export function chainTo(
  edges: readonly Edge[],
  from: string,
  isGoal: (to: string) => boolean,
): string[] | null {
  const chains: string[][] = [[from]]
  const seen = new Set([from])
  for (const chain of chains) {
    for (const { from: file, to, typeOnly } of edges) {
      if (file !== chain.at(-1) || typeOnly || seen.has(to)) continue
      if (isGoal(to)) return [...chain, to]
      seen.add(to)
      chains.push([...chain, to])
    }
  }
  return null
}

/** A ring of files that import each other when they run, the first one repeated at its end; null where there is none. */
export function findCycle(edges: readonly Edge[]): string[] | null {
  const next = new Map<string, string[]>()
  for (const { from, to, kind, typeOnly } of edges)
    if (kind === 'file' && !typeOnly) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const to of next.get(file) ?? []) {
      const cycle = walk(to, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return null
  }
  for (const file of next.keys()) {
    const cycle = walk(file, [])
    if (cycle) return cycle
  }
  return null
}
