import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** What a declaration shows: private members and function bodies are nobody's business. */
function shownTypes(declaration: ts.Declaration): readonly ts.Node[] {
  if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) return [declaration];
  if (ts.isVariableDeclaration(declaration)) return declaration.type === undefined ? [] : [declaration.type];
  const members = ts.isClassDeclaration(declaration)
    ? declaration.members.filter((member) => (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0)
    : [declaration];
  return members.flatMap((member) => {
    const signature = member as { readonly parameters?: ts.NodeArray<ts.ParameterDeclaration>; type?: ts.TypeNode };
    const types = [...(signature.parameters ?? []).map((parameter) => parameter.type), signature.type];
    return types.filter((type) => type !== undefined);
  });
}

describe('the library', () => {
  it('exports every type that its functions and types name', () => {
    const path = fileURLToPath(new URL('../tsconfig.json', import.meta.url));
    const { config } = ts.readConfigFile(path, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, fileURLToPath(new URL('..', import.meta.url)));
    const program = ts.createProgram([`${SRC}index.ts`], options);
    const checker = program.getTypeChecker();
    const own = (symbol: ts.Symbol): ts.Symbol =>
      (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
    const index = program.getSourceFile(`${SRC}index.ts`);
    const module = index === undefined ? undefined : checker.getSymbolAtLocation(index);
    if (module === undefined) throw new Error('src/index.ts is no module');
    const exported = new Set(checker.getExportsOfModule(module).map(own));
    const missing = new Set<string>();
    const visit = (node: ts.Node, from: string): void => {
      const name = ts.isTypeReferenceNode(node) ? node.typeName : undefined;
      const found = name === undefined ? undefined : checker.getSymbolAtLocation(name);
      const symbol = found === undefined ? undefined : own(found);
      const declaration = symbol?.declarations?.[0];
      // parts of a type that its module keeps to itself are told with it
      const isOurs = declaration?.getSourceFile().fileName.startsWith(SRC) && ts.canHaveModifiers(declaration);
      const isNamed = isOurs && ts.getModifiers(declaration)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      if (symbol !== undefined && isNamed && !exported.has(symbol)) missing.add(`${symbol.name}, of ${from}`);
      ts.forEachChild(node, (child) => visit(child, from));
    };
    for (const symbol of exported)
      for (const declaration of symbol.declarations ?? [])
        if (declaration.getSourceFile().fileName.startsWith(SRC))
          for (const node of shownTypes(declaration)) visit(node, symbol.name);
    expect(exported.size).toBeGreaterThan(80);
    expect([...missing]).toEqual([]);
  }, 60_000);
});
