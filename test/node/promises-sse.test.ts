import { testPromises } from "../helpers/promise-tests.ts";

testPromises("sse");
