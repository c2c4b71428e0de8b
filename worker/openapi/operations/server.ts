import type { Operation } from "../describe.ts";

/** What the paths of the server itself do. */
export const serverOperations = {
	service: {
		id: "readService",
		tag: "server",
		summary: "Where everything is",
		description: "A page for people; the service document for who accepts a format of data and no HTML.",
		answers: { 200: { description: "The page or the document.", schema: "Service", media: ["text/html"] } },
	},
	health: {
		id: "readHealth",
		tag: "server",
		summary: "Whether the server is well",
		answers: { 200: { description: "It is.", schema: "Health" } },
	},
	sdk: {
		id: "readSdk",
		tag: "server",
		summary: "The SDK as one module",
		description: 'For pages without a build: `import { Aerogram } from "/aerogram.js"`.',
		parameters: ["ifFileChanged"],
		answers: {
			200: { description: "An ES module without static imports.", media: ["text/javascript"], headers: ["ETag"] },
			304: { description: "Unchanged.", headers: ["ETag"] },
		},
	},
	sdkHttp: {
		id: "readSdkHttp",
		tag: "server",
		summary: "The SDK's transports over HTTP",
		description: "Loaded by `/aerogram.js` where there is no WebSocket, or another transport is wanted.",
		parameters: ["ifFileChanged"],
		answers: {
			200: { description: "An ES module without imports.", media: ["text/javascript"], headers: ["ETag"] },
			304: { description: "Unchanged.", headers: ["ETag"] },
		},
	},
	sdkLive: {
		id: "readSdkLive",
		tag: "server",
		summary: "The SDK's presence, live collections and calls",
		description: "Loaded by `/aerogram.js` when one of them is first used.",
		parameters: ["ifFileChanged"],
		answers: {
			200: { description: "An ES module without imports.", media: ["text/javascript"], headers: ["ETag"] },
			304: { description: "Unchanged.", headers: ["ETag"] },
		},
	},
	openApi: {
		id: "readOpenApi",
		tag: "server",
		summary: "This document",
		description: "JSON, whatever is accepted.",
		parameters: ["ifFileChanged"],
		answers: {
			200: { description: "OpenAPI 3.1.", schema: "OpenApi", formats: "json", headers: ["ETag"] },
			304: { description: "Unchanged.", headers: ["ETag"] },
		},
	},
	docs: {
		id: "readDocs",
		tag: "server",
		summary: "This document as a page",
		description: "It loads nothing from anywhere else.",
		parameters: ["ifFileChanged"],
		answers: {
			200: { description: "The page.", media: ["text/html"], headers: ["ETag"] },
			304: { description: "Unchanged.", headers: ["ETag"] },
		},
	},
} satisfies Record<string, Operation>;
