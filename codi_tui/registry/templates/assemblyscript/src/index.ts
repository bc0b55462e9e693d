import { argument } from "./invocation";

process.stdout.write("Hello, " + argument("name") + "!\n");
