import { expect, test } from "vitest";
import { migrations } from "../../../worker/space/parts/schema/migrations.ts";
import { Schema } from "../../../worker/space/parts/schema/schema.ts";
import { MemorySql } from "./sqlite.ts";

const open = (sql: MemorySql, now = 1_700_000_000_000) =>
	new Schema(
		sql,
		() => now,
		() => 0.5,
	);

test("the tables are made once, and the epoch stays the same at every wake", () => {
	const sql = new MemorySql();
	const { epoch } = open(sql);
	expect(open(sql, 1_800_000_000_000).epoch).toBe(epoch);
});

test("a wipe empties every table and makes an epoch that compares greater, even when the clock went back", () => {
	const sql = new MemorySql();
	const schema = open(sql);
	const before = schema.epoch;
	sql.run("INSERT INTO channels (name, kind) VALUES ('chat', 'log')");
	sql.run("INSERT INTO segments VALUES (1, 1, 1, '')");
	const back = open(sql, 1_000);
	back.wipe();
	expect(back.epoch > before).toBe(true);
	expect(sql.all("SELECT * FROM channels")).toEqual([]);
	expect(sql.all("SELECT * FROM segments")).toEqual([]);
	expect(open(sql).epoch).toBe(back.epoch);
});

test("tables of a newer version are left alone: code may be rolled back", () => {
	const sql = new MemorySql();
	const { epoch } = open(sql);
	const newer = String(migrations.length + 1);
	sql.run("UPDATE meta SET value = ? WHERE key = 'version'", newer);
	sql.run("CREATE TABLE later (x)");
	expect(open(sql).epoch).toBe(epoch);
	expect(sql.all("SELECT value FROM meta WHERE key = 'version'")).toEqual([{ value: newer }]);
});

test("a database of the first version gets what the second adds, keeps what it holds, and the first still works on it", () => {
	const sql = new MemorySql();
	sql.run("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
	for (const statement of migrations[0] ?? []) sql.run(statement);
	const epoch = "0mws8iikc9alb9adv";
	sql.run("INSERT INTO meta VALUES ('version', '1'), ('epoch', ?)", epoch);
	sql.run("INSERT INTO segments VALUES (1, 1, 1, 'a message')");
	expect(open(sql).epoch).toBe(epoch);
	expect(sql.all("SELECT body FROM segments")).toEqual([{ body: "a message" }]);
	expect(sql.all("SELECT * FROM collections, records, answers")).toEqual([]);
	// What the first version says, word for word: a deploy reaches an object minutes after its Worker, or is rolled back.
	sql.run("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)", "p\nk", "hash", 1, 1, 9);
	sql.run("INSERT INTO jobs VALUES (?, ?)", "sweep", 1);
	expect(sql.all("SELECT scope FROM keys")).toEqual([{ scope: "p\nk" }]);
});
