const TEXT = "text/plain; charset=utf-8";

/** Media types by the name's extension (IANA, media types; those that browsers use). */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  htm: "text/html; charset=utf-8",
  xhtml: "application/xhtml+xml; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  cjs: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  webmanifest: "application/manifest+json; charset=utf-8",
  xml: "text/xml; charset=utf-8",
  rss: "application/rss+xml; charset=utf-8",
  atom: "application/atom+xml; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  ics: "text/calendar; charset=utf-8",
  vtt: "text/vtt; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/vnd.microsoft.icon",
  tif: "image/tiff",
  tiff: "image/tiff",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  otf: "font/otf",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  wav: "audio/wav",
  flac: "audio/flac",
  m4a: "audio/mp4",
  mp4: "video/mp4",
  m4v: "video/mp4",
  webm: "video/webm",
  ogv: "video/ogg",
  mov: "video/quicktime",
  wasm: "application/wasm",
  pdf: "application/pdf",
  zip: "application/zip",
  gz: "application/gzip",
  tgz: "application/gzip",
  zst: "application/zstd",
  tar: "application/x-tar",
};

/** Extensions of plain text. */
const TEXTS = new Set(
  (
    "txt text log rst org adoc tex c h cc cpp cxx hh hpp hxx m mm rs go py rb pl pm sh bash zsh ts tsx mts cts jsx vue " +
    "java kt kts scala clj cs fs fsx ml mli mll mly hs lhs elm erl ex exs lua r jl swift zig nim v vhd sql proto thrift " +
    "toml yaml yml ini cfg conf properties env lock mk cmake nix diff patch opam dune gitignore gitattributes gitmodules " +
    "editorconfig"
  ).split(" "),
);

/** Names of text files without an extension. */
const NAMES =
  /^(readme|license|licence|copying|copyright|authors|contributors|changes|changelog|news|notice|install|todo|makefile|dockerfile|version|codeowners|maintainers)$/i;

/**
 * The `Content-Type` of a file, from its name alone. Text counts as UTF-8, as on Git hosts. A file of an
 * unknown type is bytes; responses forbid browsers to guess.
 */
export function contentType(name: string): string {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return NAMES.test(name) ? TEXT : "application/octet-stream";
  const extension = name.slice(dot + 1).toLowerCase();
  if (Object.hasOwn(TYPES, extension)) return TYPES[extension]!;
  return TEXTS.has(extension) ? TEXT : "application/octet-stream";
}
