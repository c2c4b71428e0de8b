/** A member, as a place in the list of them. */
export interface MemberPlace {
	readonly principal: string;
	readonly client: string;
}

/** Which members of a channel. */
export interface MemberPageRequest {
	readonly channel: string;
	/** Only members after this one, in this life of the space's data. */
	readonly cursor?: { readonly epoch: string; readonly after: MemberPlace };
	readonly limit: number;
}

/** Some members of a channel, in order of principal and client. */
export interface MemberPage {
	readonly ok: true;
	readonly epoch: string;
	/** How many there are in all. */
	readonly count: number;
	/** The members as JSON texts, joined by commas. */
	readonly body: string;
	/** The member after which there are more; null where there are none. */
	readonly next: MemberPlace | null;
}
