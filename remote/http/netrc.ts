/** What a netrc file has for one machine. */
export interface NetrcEntry {
  readonly login: string;
  readonly password: string;
}

/** A quoted word is never ended. */
export class NetrcSyntaxError extends Error {
  override name = "NetrcSyntaxError";
  /** From 1. */
  readonly line: number;

  constructor(line: number) {
    super(`line ${line}`);
    this.line = line;
  }
}

/**
 * Finds the credentials for a host in the text of a netrc file, as curl does: words are separated by white
 * space; `machine NAME` and `default` begin an entry, `login`, `password` and `account` are followed by a
 * value, `macdef` by lines up to an empty one; a word that begins with `#` begins a comment, in place of a
 * value, too; keywords may be in capitals; a value may be in double quotes, with the escapes `\n`, `\r`, `\t`,
 * `\"` and `\\`. The first entry that fits and has a password or a login counts.
 *
 * @throws {NetrcSyntaxError}
 */
export function findNetrc(text: string, host: string): NetrcEntry | undefined {
  let fits = false;
  let login: string | undefined;
  let password: string | undefined;
  const found = () => fits && (login !== undefined || password !== undefined);
  const words = netrcWords(text);
  for (let word = words.next(); !word.done && !(isEntry(word.value) && found()); word = words.next()) {
    const keyword = word.value.toLowerCase();
    if (isEntry(keyword)) [login, password] = [undefined, undefined];
    if (keyword === "default") fits = true;
    else if (keyword === "machine") fits = words.next().value?.toLowerCase() === host.toLowerCase();
    else if (keyword === "login") login = words.next().value ?? undefined;
    else if (keyword === "password") password = words.next().value ?? undefined;
    else if (keyword === "account") words.next();
  }
  return found() ? { login: login ?? "", password: password ?? "" } : undefined;
}

function isEntry(word: string): boolean {
  return /^(?:machine|default)$/i.test(word);
}

/** The words of a netrc file, without those of macros and comments. */
function* netrcWords(text: string): Generator<string, undefined> {
  let macro = false;
  let value = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (macro) {
      macro = line.trim() !== "";
      continue;
    }
    for (const [word] of line.matchAll(/"(?:[^"\\]|\\.)*"?|[^\s]+/g)) {
      if (word.startsWith('"')) {
        if (!/^"(?:[^"\\]|\\.)*"$/.test(word)) throw new NetrcSyntaxError(index + 1);
        yield word.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
        value = false;
        continue;
      }
      if (word.startsWith("#")) break;
      if (!value && /^macdef$/i.test(word)) {
        macro = true;
        break;
      }
      value = !value && /^(?:machine|login|password|account)$/i.test(word);
      yield word;
    }
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
