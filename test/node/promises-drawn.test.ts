import { messagePack } from "../../sdk/msgpack.ts";
import { testPromises } from "../helpers/promise-tests.ts";
import { Random } from "../helpers/random.ts";

// Beside WebSockets, one of the other transports, drawn by a seed: all of them at once are minutes of CI. `npm run soak` has each,
// whole; here AEROGRAM_TEST_SEED=2 draws one again.
const seed = Number(process.env.AEROGRAM_TEST_SEED ?? Date.now() % 1_000_000);
const drawn = new Random(seed).pick(["websocket-msgpack", "sse", "long-poll"] as const);
console.log(`seed ${seed}: the promises over ${drawn}`);

testPromises(drawn, drawn === "websocket-msgpack" ? { codec: messagePack } : {});
