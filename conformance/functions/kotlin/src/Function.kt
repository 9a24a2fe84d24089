/** The conformance function; ../README.md says what each step does. */

package conformance

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import slipway.Request
import slipway.Response

/** What the steps of one invocation share. */
class Invocation(
    val req: Request,
    val res: Response,
) {
    val seen = LinkedHashMap<String, Any?>()
    val held = ArrayList<ByteArray>()
}

suspend fun main(
    req: Request,
    res: Response,
) {
    val invocation = Invocation(req, res)
    for (step in steps(req) ?: return invocation.report()) invocation.run(Step(step as JsonObject))
}

/** Null where the request has none. */
private fun steps(req: Request): JsonArray? {
    val given: JsonElement? =
        (req.payload as? JsonObject)?.get("steps")
            ?: req.headers["x-conformance-steps"]?.let(Json::parseToJsonElement)
    return given?.let { it as JsonArray }
}

private suspend fun Invocation.run(step: Step) {
    when (step.name) {
        "send" -> send(step)
        "json" -> json(step)
        "report" -> report()
        "echo" -> echo()
        "again" -> again(step)
        "await" -> await(step)
        "block" -> block(step)
        "spin" -> spin(step)
        "meet" -> meet(step)
        "log" -> repeat(step.count("times", 1)) { req.log(step.text("message")) }
        "error" -> repeat(step.count("times", 1)) { req.error(step.text("message")) }
        "print" -> print(step)
        "flood" -> flood(step)
        "bytes" -> bytes(step)
        "throw" -> throw IllegalStateException(step.text("message"))
        "background" -> background(step)
        "background_log" -> backgroundLog(step)
        "exit" -> exit(step)
        "allocate" -> allocate(step)
        // Classes that are loaded can't be replaced.
        "patch" -> {}
        "mutate" -> mutate(step)
        "count" -> count()
        "getenv" -> getenv(step)
        "find_secret" -> findSecret(step)
        "write" -> write(step)
        "fetch" -> fetch(step)
        "files" -> files()
        "dependency" -> dependency()
        else -> throw step.unknown()
    }
}
