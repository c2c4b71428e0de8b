/**
 * `aerogram/contract`: what messages, records and calls look like, written once for the server, which keeps it, and for the
 * types of the client. Nothing of it is in a page that imports it for its types alone.
 */

export { type Contract, defineContract, type ServiceContract } from "../protocol/contract/contract.ts";
export type {
	ChannelInput,
	ChannelOutput,
	NoContract,
	RecordInput,
	RecordOutput,
	ServiceInput,
	ServiceOutput,
	ServiceReply,
	ServiceRequest,
} from "../protocol/contract/infer.ts";
export type { InputOf, OutputOf, StandardSchema } from "../protocol/contract/standard-schema.ts";
