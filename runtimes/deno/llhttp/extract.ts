// Writes llhttp, compiled to WebAssembly, to the file that is named.
import llhttp from "llhttp";

Deno.writeFileSync(Deno.args[0], llhttp);
