import { SourceMap } from "node:module";

/**
 * Has stacks tell places in the sources of a program, whatever asks for them. The map is parsed when the first is asked for:
 * most runs need none.
 *
 * @param url the module of the program.
 * @param map its source map, as JSON.
 * @param runtime the file that calls the program, whose frames say nothing to the program's author.
 */
export function mapStacks(url: string, map: Uint8Array, runtime: string): void {
  let parsed: SourceMap | undefined;
  const source = (line: number, column: number): string | undefined => {
    parsed ??= new SourceMap(JSON.parse(Buffer.from(map).toString()));
    const entry = parsed.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry)) return undefined;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  };
  /** Undefined for a frame of the bundler's own. */
  const describe = (frame: NodeJS.CallSite): string | undefined => {
    const line = frame.getLineNumber();
    const column = frame.getColumnNumber();
    if (frame.getFileName() !== url || line === null || column === null) return String(frame);
    const place = source(line, column);
    return place && String(frame).replace(`${url}:${line}:${column}`, () => place);
  };
  Error.prepareStackTrace = (error, frames) => {
    const told = frames.filter((frame) => frame.getFileName() !== runtime).map(describe);
    const lines = told.filter((line) => line !== undefined).map((line) => `    at ${line}`);
    return [headline(error), ...lines].join("\n");
  };
}

/** As V8 begins a stack. */
function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "<error>";
  }
}
