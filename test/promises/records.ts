import type { CollectionRecord } from "../../sdk/index.ts";
import { ensure, equal, range, rejection } from "./check.ts";
import type { Promised } from "./promise.ts";

interface Plane {
	readonly name: string;
	readonly seats?: number;
}

/** What collections promise, and requests to any route. They go over HTTP whatever carries the frames. */
export const recordPromises: readonly Promised[] = [
	{
		name: "a record is read as it was written, with its revision and ETag, until it is deleted",
		async keep({ connect, space }) {
			const planes = connect().space(space).collection<Plane>("planes");
			equal(await planes.get("a"), undefined);
			const put = await planes.put("a", { name: "小飞机", seats: 2 });
			equal(await planes.get("a"), put);
			ensure(/^"[a-z0-9]+:1"$/.test(put.etag), "the ETag holds the epoch and the revision");
			const patched = await planes.patch("a", { seats: null });
			equal([patched.rev, patched.data], [2, { name: "小飞机" }]);
			equal(await planes.get("a"), patched);
			equal([await planes.delete("a"), await planes.delete("a")], [true, false]);
			equal(await planes.get("a"), undefined);
		},
	},
	{
		name: "a write on a condition is refused with the ETag of what is there",
		async keep({ connect, space, isAerogramError }) {
			const planes = connect().space(space).collection<Plane>("planes");
			const first = await planes.put("a", { name: "first" }, { ifNoneMatch: "*" });
			const second = await planes.put("a", { name: "second" }, { ifMatch: first.etag });
			const error = await rejection(planes.put("a", { name: "third" }, { ifMatch: first.etag }));
			ensure(isAerogramError(error) && error.code === "condition_failed", "the error is condition_failed");
			equal((error as { readonly etag?: string }).etag, second.etag);
			equal(await planes.get("a"), second);
		},
	},
	{
		name: "all records are iterated in the order of their ids, page after page",
		async keep({ connect, space }) {
			const planes = connect().space(space).collection<Plane>("planes");
			const ids = range(10, 34).map((number) => `p${number}`);
			const put = await Promise.all([...ids].reverse().map((id) => planes.put(id, { name: id })));
			const seen: CollectionRecord<Plane>[] = [];
			for await (const record of planes.records({ limit: 10 })) seen.push(record);
			equal(seen, put.reverse());
		},
	},
	{
		name: "a record whose answer is cut off is created once",
		async keep({ connectCuttable, cut, space }) {
			const planes = connectCuttable().space(space).collection<Plane>("planes");
			await planes.put("p", { name: "first" });
			const created = range(1, 30).map((number) => planes.create({ name: `${number}` }));
			await cut();
			const ids = (await Promise.all(created)).map(({ id }) => id);
			const seen: string[] = [];
			for await (const { id } of planes.records()) if (id !== "p") seen.push(id);
			equal(seen, ids.sort());
		},
	},
	{
		name: "a request reaches any route, and its refusal has the server's code",
		async keep({ connect, space, isAerogramError }) {
			const { http } = connect();
			const path = `/v1/spaces/${space}/channels/chat/messages`;
			const published = await http.post<{ seq: number }>(path, { json: { data: "over HTTP" } });
			equal([published.status, published.data.seq], [201, 1]);
			const read = await http.get<{ data: string }>(`${path}/1`);
			equal([read.status, read.data.data], [200, "over HTTP"]);
			const error = await rejection(http.get(`${path}/2`));
			ensure(isAerogramError(error) && error.code === "not_found", "the error is not_found");
		},
	},
];
