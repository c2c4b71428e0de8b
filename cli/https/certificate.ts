import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** A certificate and its private key, both in PEM. */
export interface Certified {
	readonly certificate: string;
	readonly key: string;
}

/** When a certificate is made, and with which randomness. */
export interface Circumstances {
	/** Milliseconds since 1970. */
	readonly now: number;
	/** So many random bytes. */
	readonly randomBytes: (count: number) => Uint8Array;
}

const day = 86_400_000;
/** How long an authority stands: whoever trusted it once need not do so again. */
const authorityDays = 3_650;
/** How long the certificate of a server may stand: browsers take at most 398 days (Apple, HT211025). */
const serverDays = 396;
/** Before now, for the clock of a container or a virtual machine that is behind. */
const backdatedDays = 1;

/** The names and addresses of this machine that every server certificate stands for. */
const names = ["localhost"];
const addresses = ["127.0.0.1", "::1"];

/**
 * Makes an authority: a key and a certificate that programs are told to trust. It can vouch for this machine alone (RFC
 * 5280 section 4.2.1.10), so that its key, should somebody copy it, opens no other site to them.
 */
export function makeAuthority(circumstances: Circumstances): Certified {
	const { certificate, keys } = prepare(circumstances, authorityDays);
	// Each data folder has an authority of its own, and a list of what is trusted may hold several.
	const name = `Aerogram on this machine ${certificate.serialNumber.slice(-8)}`;
	const subject = [{ name: "commonName", value: name }];
	certificate.setSubject(subject);
	certificate.setIssuer(subject);
	certificate.setExtensions([
		{ name: "basicConstraints", critical: true, cA: true, pathLenConstraint: 0 },
		{ name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
		{ name: "subjectKeyIdentifier" },
		nameConstraints(),
	]);
	return finish(certificate, keys.privateKey, keys.privateKey);
}

/** Makes the certificate of a server on this machine, vouched for by an authority. `host` is one more address of it. */
export function makeServerCertificate(authority: Certified, host: string, circumstances: Circumstances): Certified {
	const issuer = forge.pki.certificateFromPem(authority.certificate);
	const { certificate, keys } = prepare(circumstances, serverDays);
	certificate.setSubject([{ name: "commonName", value: "localhost" }]);
	certificate.setIssuer(issuer.subject.attributes);
	const ips = host.startsWith("127.") ? new Set([...addresses, host]) : addresses;
	certificate.setExtensions([
		{ name: "basicConstraints", critical: true, cA: false },
		{ name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
		{ name: "extKeyUsage", serverAuth: true },
		{
			name: "subjectAltName",
			altNames: [...names.map((value) => ({ type: 2, value })), ...Array.from(ips, (ip) => ({ type: 7, ip }))],
		},
		{ name: "subjectKeyIdentifier" },
		{ name: "authorityKeyIdentifier", keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
	]);
	return finish(certificate, keys.privateKey, authority.key);
}

/** A certificate with a key of its own, a random serial number and its dates. */
function prepare({ now, randomBytes }: Circumstances, days: number) {
	// RSA, because forge signs with nothing else; made by Node, which takes a tenth of the time forge would.
	const keys = generateKeyPairSync("rsa", {
		modulusLength: 2_048,
		publicKeyEncoding: { type: "spki", format: "pem" },
		privateKeyEncoding: { type: "pkcs8", format: "pem" },
	});
	const certificate = forge.pki.createCertificate();
	certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
	// A serial number is positive and not longer than 20 bytes (RFC 5280 section 4.1.2.2).
	certificate.serialNumber = `01${Buffer.from(randomBytes(16)).toString("hex")}`;
	certificate.validity.notBefore = new Date(now - backdatedDays * day);
	certificate.validity.notAfter = new Date(now + days * day);
	return { certificate, keys };
}

function finish(certificate: forge.pki.Certificate, key: string, signer: string): Certified {
	certificate.sign(forge.pki.privateKeyFromPem(signer), forge.md.sha256.create());
	return { certificate: forge.pki.certificateToPem(certificate), key };
}

/** The extension that forge has no name for: only localhost, 127.0.0.0/8 and ::1 may stand in what is vouched for. */
function nameConstraints() {
	const { asn1 } = forge;
	const subtree = (tag: number, bytes: string) =>
		asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [
			asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, bytes),
		]);
	const permitted = [
		...names.map((name) => subtree(2, name)),
		subtree(7, String.fromCharCode(127, 0, 0, 0, 255, 0, 0, 0)),
		subtree(7, `${"\0".repeat(15)}\x01${"\xff".repeat(16)}`),
	];
	const value = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [
		asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, permitted),
	]);
	return { id: "2.5.29.30", critical: true, value: asn1.toDer(value).getBytes() };
}
