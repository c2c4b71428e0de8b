import { testTcpPromises } from "../helpers/promise-tests.ts";

testTcpPromises();
