import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { SourceError } from "../source-error.ts";

/** Where Debian's package ca-certificates, and those of most other systems, put what they trust. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
] as const;

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/**
 * The certificates to trust, in PEM: the system's (`SSL_CERT_FILE` names another file), or Node's own where
 * the system has none; with `NODE_EXTRA_CA_CERTS`; with those of a file.
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`: the file, which is for `--cacert`, has no certificate.
 */
export async function readTrusted(
  cacert: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const own = cacert === undefined ? [] : await readCertificates(cacert);
  const extra = env.NODE_EXTRA_CA_CERTS ? await readIfThere([env.NODE_EXTRA_CA_CERTS]) : undefined;
  const system = await readIfThere(env.SSL_CERT_FILE ? [env.SSL_CERT_FILE] : SYSTEM_BUNDLES);
  return [...own, ...(extra ? [extra] : []), ...(system ? [system] : rootCertificates)];
}

async function readCertificates(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unreadable(file, `cannot be read (${code}): check its path`, error);
  }
  const certificates = text.match(CERTIFICATE);
  if (certificates === null) throw unreadable(file, "has no certificate in PEM");
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw unreadable(file, "has a certificate that cannot be read: write it in PEM", error);
    }
  }
  return certificates;
}

function unreadable(file: string, what: string, cause?: unknown): SourceError {
  return new SourceError("CREDENTIALS_UNREADABLE", `${file}: the file of certificates ${what}`, { cause });
}

async function readIfThere(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const text = await readFile(file, "latin1").catch(() => "");
    if (text.includes("-----BEGIN ")) return text;
  }
  return undefined;
}
