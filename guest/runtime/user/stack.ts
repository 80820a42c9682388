import { SourceMap } from "node:module";

/**
 * Makes the stacks of errors show locations in the sources of a program. The source map is parsed at the
 * first stack: most runs have none.
 *
 * @param url the URL of the program's module.
 * @param map its source map, as JSON.
 * @param runtime the file that calls the program. Its frames are left out.
 */
export function mapStacks(url: string, map: Uint8Array, runtime: string): void {
  let parsed: SourceMap | undefined;
  const source = (line: number, column: number): string | undefined => {
    parsed ??= new SourceMap(JSON.parse(Buffer.from(map).toString()));
    const entry = parsed.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry)) return undefined;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  };
  /** Returns undefined for a frame of the bundler's own code. */
  const describe = (frame: NodeJS.CallSite): string | undefined => {
    const line = frame.getLineNumber();
    const column = frame.getColumnNumber();
    if (frame.getFileName() !== url || line === null || column === null) return String(frame);
    const location = source(line, column);
    return location && String(frame).replace(`${url}:${line}:${column}`, () => location);
  };
  Error.prepareStackTrace = (error, frames) => {
    const described = frames.filter((frame) => frame.getFileName() !== runtime).map(describe);
    const lines = described.filter((line) => line !== undefined).map((line) => `    at ${line}`);
    return [headline(error), ...lines].join("\n");
  };
}

/** The first line of a stack, as V8 writes it. */
function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "<error>";
  }
}
