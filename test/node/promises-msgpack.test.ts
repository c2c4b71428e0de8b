import { messagePack } from "../../sdk/msgpack.ts";
import { testPromises } from "../helpers/promise-tests.ts";

testPromises("websocket-msgpack", { codec: messagePack });
