import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { SourceError } from "../../reader/source-error.ts";
import { readSmallFile } from "./small-file.ts";

/** Bytes of a file of certificates; Debian's has a quarter of a million. */
const MAXIMUM = 16_777_216;

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
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`: the file, which is for `--cacert`, or one that a variable
 *   names, has no certificate.
 */
export async function readTrusted(
  cacert: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<string[]> {
  const named = [cacert, env.NODE_EXTRA_CA_CERTS, env.SSL_CERT_FILE].filter((file) => (file ?? "") !== "");
  const trusted = (await Promise.all(named.map((file) => readCertificates(file!, signal)))).flat();
  return (env.SSL_CERT_FILE ?? "") === "" ? [...trusted, ...(await systemCertificates())] : trusted;
}

async function readCertificates(file: string, signal: AbortSignal | undefined): Promise<string[]> {
  let text: string;
  try {
    text = await readSmallFile(file, { maximum: MAXIMUM, encoding: "latin1", signal });
  } catch (error) {
    signal?.throwIfAborted();
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

/** As they are: what OpenSSL cannot read of them, it leaves out. */
async function systemCertificates(): Promise<readonly string[]> {
  for (const file of SYSTEM_BUNDLES) {
    const text = await readSmallFile(file, { maximum: MAXIMUM, encoding: "latin1" }).catch(() => "");
    if (text.includes("-----BEGIN ")) return [text];
  }
  return rootCertificates;
}
