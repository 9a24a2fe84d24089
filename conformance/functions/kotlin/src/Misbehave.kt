package conformance

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlin.coroutines.coroutineContext
import kotlin.system.exitProcess

private const val MEBIBYTE = 1 shl 20
private const val CODE = 7

suspend fun background(step: Step) {
    val message = step.text("message")
    later(step) { error(message) }
}

suspend fun Invocation.backgroundLog(step: Step) {
    val message = step.text("message")
    later(step) { req.log(message) }
}

private suspend fun later(
    step: Step,
    action: () -> Unit,
) {
    val milliseconds = step.number("ms").toLong()
    CoroutineScope(coroutineContext).launch {
        delay(milliseconds)
        action()
    }
}

suspend fun exit(step: Step) {
    when (step.text("how")) {
        "exit" -> exitProcess(CODE)
        "abort" -> signal("ABRT")
        "kill" -> signal("KILL")
        else -> throw step.unknown()
    }
    // A signal takes effect a moment after it was sent.
    delay(60_000)
}

private fun signal(name: String) {
    ProcessBuilder("sh", "-c", "kill -$name ${ProcessHandle.current().pid()}").start().waitFor()
}

fun Invocation.allocate(step: Step) {
    val megabytes = step.optionalNumber("mb")
    while (megabytes == null || held.size < megabytes) held += ByteArray(MEBIBYTE) { 1 }
}

/** The process's own environment can't be changed in Java. */
fun Invocation.mutate(step: Step) {
    val name = step.text("name")
    val value = step.text("value")
    req.headers[name] = value
    req.env[name] = value
    (req.payload as? JsonObject)?.let { req.payload = JsonObject(it + (name to JsonPrimitive(value))) }
}
